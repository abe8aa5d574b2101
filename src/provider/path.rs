//! Which endpoint a path leads to, told by its ending.

/// Whether the last segments of `path` are those of `ending`, where `*` stands for any text within a segment.
pub(super) fn ends(path: &str, ending: &str) -> bool {
    let mut segments = path.rsplit('/');
    ending.rsplit('/').all(|pattern| segments.next().is_some_and(|segment| fits(segment, pattern)))
}

fn fits(segment: &str, pattern: &str) -> bool {
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
        check("/v1/models/gemini-3:generateContent", "*:generateContent", true);
        check("/v1/models/gemini-3:streamGenerateContent", "*:generateContent", false);
        check("/model/us.anthropic.claude-v1%3A0/invoke", "model/*anthropic*/invoke", true);
        check("/model/us.amazon.nova/invoke", "model/*anthropic*/invoke", false);
    }
}
