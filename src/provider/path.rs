//! Which endpoint a path leads to, told by its ending.

/// What stands for the model's name in an ending.
const MODEL: &str = "{model}";

/// Whether the last segments of `path` are those of `ending`, where `*` and `{model}` stand for any text within a segment.
pub(super) fn ends(path: &str, ending: &str) -> bool {
    let mut segments = path.rsplit('/');
    ending.rsplit('/').all(|pattern| segments.next().is_some_and(|segment| fits(segment, pattern)))
}

/// The model that a path with this ending names.
pub(super) fn model<'p>(path: &'p str, ending: &str) -> Option<&'p str> {
    let mut both = path.rsplit('/').zip(ending.rsplit('/')).filter(|_| ends(path, ending));
    both.find_map(|(segment, pattern)| {
        let (before, after) = pattern.split_once(MODEL)?;
        segment.strip_prefix(before)?.strip_suffix(after)
    })
}

/// The segments of a path that its ending leaves open.
pub(super) fn open<'p>(path: &'p str, ending: &str) -> Vec<&'p str> {
    let both = path.trim_end_matches('/').rsplit('/').zip(ending.rsplit('/'));
    both.filter(|(_, pattern)| *pattern == "*").map(|(segment, _)| segment).collect()
}

fn fits(segment: &str, pattern: &str) -> bool {
    if let Some((start, end)) = pattern.split_once(MODEL) {
        return segment.strip_prefix(start).is_some_and(|rest| rest.ends_with(end));
    }
    let Some((start, rest)) = pattern.split_once('*') else { return segment == pattern };
    let Some(mut left) = segment.strip_prefix(start) else { return false };
    let Some((middle, end)) = rest.rsplit_once('*') else { return left.ends_with(rest) };
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_with_whole_segments() {
        let check =
            |path: &str, ending: &str, expected: bool| assert_eq!(ends(path, ending), expected, "{path} {ending}");
        check("/v1/chat/completions", "chat/completions", true);
        check("/v1/xchat/completions", "chat/completions", false);
        check("/completions", "chat/completions", false);
        check("/v1/responses/resp_1", "responses/*", true);
        check("/v1/responses", "responses/*", false);
        check("/v1/models/gemini-3:generateContent", "{model}:generateContent", true);
        check("/v1/models/gemini-3:streamGenerateContent", "{model}:generateContent", false);
        check("/model/us.anthropic.claude-v1%3A0/invoke", "model/*anthropic*/invoke", true);
        check("/model/us.amazon.nova/invoke", "model/*anthropic*/invoke", false);
    }

    #[test]
    fn a_path_may_name_what_is_kept() {
        assert_eq!(open("/v1/threads/thread_1/runs/run_1", "threads/*/runs/*"), ["run_1", "thread_1"]);
        assert_eq!(open("/v1/threads", "threads"), [""; 0]);
    }

    #[test]
    fn a_path_may_name_the_model() {
        assert_eq!(model("/v1/models/gemini-3:generateContent", "{model}:generateContent"), Some("gemini-3"));
        assert_eq!(model("/model/nova%3A0/converse", "model/{model}/converse"), Some("nova%3A0"));
        assert_eq!(model("/v1/models/gemini-3:countTokens", "{model}:generateContent"), None);
        assert_eq!(model("/v1/responses/r", "responses/*"), None);
    }
}
