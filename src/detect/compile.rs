//! From written pattern files to a detector, with every problem at once.

use std::collections::{BTreeMap, BTreeSet};

use regex_automata::meta::Regex;
use toml::Spanned;

use super::{
    Detector, Entity, NotAnEntity, Pattern, PatternId, Problem, Settings, Source,
    anchors::{Anchors, Literal},
    cues::{Cues, ListId, Lists, Shared},
    examples,
    language::{self, CueLists, CueWords, File, Read, Written, WrittenLookalike, WrittenService},
    need::Need,
    numbers::Numbers,
    rule::{self, BadRegex, Round, Rule},
    service::Service,
    shape::Start,
    spots::RuleId,
    validate::{self, Plans, Validator},
    words::{Listed, Words},
};

/// Compiles `sources`; `Err` holds everything that is wrong with them.
pub(super) fn compile(sources: &[Source], settings: &Settings) -> Result<Detector, Vec<Problem>> {
    let (word_files, sources): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.name.ends_with(".txt"));
    let mut files: Vec<(&Source, File)> = sources.into_iter().map(|source| (source, language::read(source))).collect();
    bound(&files)?;
    let word_files = word_files.into_iter().map(|source| (source.name.clone(), source.text.clone())).collect();
    let mut workshop = Workshop { word_files, ..Workshop::default() };
    workshop.problems.extend(files.iter().flat_map(|(_, file)| file.problems.iter().cloned()));
    workshop.is_torn = files.iter().any(|(_, file)| file.is_torn);
    workshop.refuse_idle_words(&files);
    let plans = workshop.plans(settings);
    workshop.choose_countries(&mut files, settings);
    files.iter().for_each(|(source, file)| workshop.share_cues(source, file));
    for (source, file) in &files {
        file.patterns.iter().for_each(|pattern| workshop.pattern(source, pattern));
        file.lookalikes.iter().for_each(|lookalike| workshop.lookalike(source, lookalike));
    }
    for (source, file) in &files {
        file.services.iter().for_each(|service| workshop.service(source, &service.written));
    }
    workshop.prove(plans, &files)
}

/// Refuses more patterns and cue lists than their ids can tell apart.
fn bound(files: &[(&Source, File)]) -> Result<(), Vec<Problem>> {
    const MOST: usize = 16_384;
    let entities =
        |file: &File| file.services.iter().map(|service| service.written.entities.get_ref().len()).sum::<usize>();
    let parts =
        |(_, file): &(&Source, File)| file.patterns.len() + file.lookalikes.len() + file.cues.len() + entities(file);
    let parts: usize = files.iter().map(parts).sum();
    if parts <= MOST {
        return Ok(());
    }
    let what = format!("{parts} patterns, look-alikes, cue lists and entities of services are more than {MOST}");
    let remedy = "write what is alike in one `regex`, words in one `words_file`".to_owned();
    Err(vec![Problem { file: "patterns".into(), line: 1, what, remedy }])
}

/// A detector in the making.
#[derive(Default)]
struct Workshop {
    patterns: Vec<Pattern>,
    services: Vec<Service>,
    rules: Vec<Rule>,
    cues: Vec<(String, ListId)>,
    /// The shared cue lists by name.
    lists: BTreeMap<String, ListId>,
    next_list: ListId,
    words: Vec<Listed>,
    /// The texts of the word files by their names.
    word_files: BTreeMap<String, String>,
    problems: Vec<Problem>,
    /// The entities of patterns that are not among them, because something is wrong with them.
    broken: BTreeSet<String>,
    /// Whether something is missing that any example may depend on.
    is_torn: bool,
}

impl Workshop {
    /// Refuses word files that no pattern names: whoever put one there believes that its words are found.
    fn refuse_idle_words(&mut self, files: &[(&Source, File)]) {
        let patterns = || files.iter().flat_map(|(source, file)| file.patterns.iter().map(move |read| (source, read)));
        if self.is_torn || patterns().any(|(_, read)| !read.is_whole) {
            return;
        }
        let named = |(source, read): (&&Source, &Read<Written>)| {
            Some(beside(&source.name, read.written.words_file.as_ref()?.get_ref()))
        };
        let named: BTreeSet<String> = patterns().filter_map(named).collect();
        let idle = self.word_files.keys().filter(|name| !named.contains(*name));
        self.problems.extend(idle.map(|name| Problem {
            file: name.clone(),
            line: 1,
            what: "no pattern names this word file, so none of its words is found".into(),
            remedy: "name it as the `words_file` of a `[[pattern]]`, or take it out of the folder".into(),
        }));
    }

    fn plans(&mut self, settings: &Settings) -> Plans {
        Plans::new(&settings.regions).unwrap_or_else(|unknown| {
            self.is_torn = true;
            self.problems.extend(unknown.iter().map(|code| Problem {
                file: "regions".into(),
                line: 1,
                what: format!("`{code}` is no region with a numbering plan"),
                remedy: "use ISO 3166 codes in capitals, such as `GB` for the United Kingdom".into(),
            }));
            Plans::default()
        })
    }

    /// Takes out the patterns of countries that are not used.
    fn choose_countries(&mut self, files: &mut [(&Source, File)], settings: &Settings) {
        let mut known = BTreeSet::new();
        for (source, file) in files {
            for Read { written, .. } in &file.patterns {
                let Some(country) = &written.country else { continue };
                known.insert(country.get_ref().clone());
                if !validate::is_country(country.get_ref()) {
                    let what = format!("`{}` is no country", country.get_ref());
                    let remedy = "use its ISO 3166 code in capitals, such as `GB` for the United Kingdom";
                    self.problems.push(source.problem(country.span(), what, remedy));
                }
            }
            file.patterns
                .retain(|read| settings.uses(read.written.country.as_ref().map(|country| country.get_ref().as_str())));
        }
        let unknown = settings.countries.iter().filter(|country| !known.contains(*country));
        self.problems.extend(unknown.map(|country| Problem {
            file: "countries".into(),
            line: 1,
            what: format!("no pattern is of the country `{country}`"),
            remedy: format!(
                "use some of {}",
                known.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ")
            ),
        }));
    }

    fn share_cues(&mut self, source: &Source, file: &File) {
        for (name, words) in &file.cues {
            let list = self.list(words);
            if self.lists.insert(name.get_ref().clone(), list).is_some() {
                let what = format!("the cue list `{}` is written twice", name.get_ref());
                self.problems.push(source.problem(name.span(), what, "give one of them another name"));
            }
        }
    }

    fn list(&mut self, words: &CueWords) -> ListId {
        let list = self.next_list;
        self.next_list += 1;
        self.cues.extend(words.values().flatten().filter(|word| !word.is_empty()).map(|word| (word.clone(), list)));
        list
    }

    /// Adds a pattern, unless something is wrong with it.
    fn pattern(&mut self, source: &Source, read: &Read<Written>) {
        let (written, told, listed) = (&read.written, self.problems.len(), self.words.len());
        let check = self.validator(source, written.validator.as_ref());
        let formats = self.formats(source, written);
        let mut rules = self.rules(source, &written.name, &written.regex.0, written.group);
        rules.extend(self.words(source, written));
        let [cues, anti_cues, also] =
            [&written.cues, &written.anti_cues, &written.also].map(|cues| self.heard(source, written, cues));
        let entity = self.entity(source, written);
        if read.is_whole {
            self.missing(source, written);
        }
        let Some(entity) = entity.filter(|_| read.is_whole && self.problems.len() == told) else {
            self.words.truncate(listed);
            self.broken.extend(written.entity.as_ref().map(|entity| entity.get_ref().clone()));
            return;
        };
        let id = PatternId(u16::try_from(self.patterns.len()).unwrap_or(u16::MAX));
        self.rules.extend(rules.into_iter().map(|rule| Rule {
            pattern: Some(id),
            round: Round::from(written.strength),
            check,
            cues: cues.clone(),
            anti_cues: anti_cues.clone(),
            also: also.clone(),
            distance: written.distance,
            passing: written.passing,
            multiline: written.multiline,
            formats: formats.clone(),
            ..rule
        }));
        self.patterns.push(Pattern {
            name: written.name.get_ref().clone(),
            entity,
            file: source.name.clone(),
            strength: written.strength,
            source: written.source.clone().unwrap_or_default(),
            validator: check.map(|validator| validator.name),
        });
    }

    fn entity(&mut self, source: &Source, written: &Written) -> Option<Entity> {
        let entity = written.entity.as_ref()?;
        let wrong = |error: NotAnEntity| {
            let what = format!("`{}` is no entity", entity.get_ref());
            self.problems.push(source.problem(entity.span(), what, error.to_string()));
        };
        entity.get_ref().parse().map_err(wrong).ok()
    }

    /// Tells what a pattern lacks.
    fn missing(&mut self, source: &Source, written: &Written) {
        let finds = !written.regex.0.is_empty() || !written.words.is_empty() || written.words_file.is_some();
        let hears = !written.cues.names.is_empty() || !written.cues.words.is_empty();
        let has_match = written.examples.as_ref().is_some_and(|examples| !examples.matches.is_empty());
        let asked = [
            (written.entity.is_some(), "it has no `entity`", "say what its findings are called, such as `ORDER_ID`"),
            (finds, "it has no `regex`, `words` or `words_file`", "say what it looks for"),
            (written.source.is_some(), NO_SOURCE, "say where its rule comes from"),
            (
                hears || written.strength != language::Strength::Weak,
                "it is weak and has no cues",
                "give it `cues`, or make it `likely`",
            ),
            (has_match, NO_EXAMPLE, EXAMPLE),
        ];
        self.ask(source, &written.name, &asked);
    }

    /// Complains of everything that is not there.
    fn ask(&mut self, source: &Source, name: &Spanned<String>, asked: &[(bool, &str, &str)]) {
        let missing = asked.iter().filter(|(is_there, ..)| !is_there);
        missing.for_each(|(_, what, remedy)| self.complain(source, name, what, remedy));
    }

    /// Adds a look-alike, unless something is wrong with it.
    fn lookalike(&mut self, source: &Source, read: &Read<WrittenLookalike>) {
        let (written, told) = (&read.written, self.problems.len());
        let check = self.validator(source, written.validator.as_ref());
        let rules = self.rules(source, &written.name, &written.regex.0, 0);
        let has_match = written.examples.as_ref().is_some_and(|examples| !examples.matches.is_empty());
        let asked = [
            (!written.regex.0.is_empty(), "it has no `regex`", "say what it looks like"),
            (written.source.is_some(), NO_SOURCE, "say why the form is left alone"),
            (has_match, NO_EXAMPLE, EXAMPLE),
        ];
        if read.is_whole {
            self.ask(source, &written.name, &asked);
        }
        if !read.is_whole || self.problems.len() > told {
            self.is_torn = true;
            return;
        }
        self.rules.extend(rules.into_iter().map(|rule| Rule { check, ..rule }));
    }

    fn service(&mut self, source: &Source, written: &WrittenService) {
        if self.services.iter().any(|service| service.name == *written.name.get_ref()) {
            self.complain(source, &written.name, "the service is written twice", "give one of them another name");
        }
        if let Err(wrong) = Service::check(written) {
            self.problems.extend(wrong.into_iter().map(|(span, what, remedy)| source.problem(span, what, remedy)));
        }
        let mut entities = Vec::new();
        for entity in written.entities.get_ref().iter().filter_map(|entity| entity.get_ref().parse::<Entity>().ok()) {
            entities.push((entity.clone(), PatternId(u16::try_from(self.patterns.len()).unwrap_or(u16::MAX))));
            self.patterns.push(Pattern {
                name: written.name.get_ref().clone(),
                entity,
                file: source.name.clone(),
                strength: language::Strength::Likely,
                source: written.source.clone(),
                validator: None,
            });
        }
        self.services.push(Service::new(&source.name, written, entities));
    }

    fn rules(
        &mut self,
        source: &Source,
        name: &Spanned<String>,
        regexes: &[Spanned<String>],
        group: usize,
    ) -> Vec<Rule> {
        let compiled = regexes.iter().map(|regex| (regex, Rule::new(regex.get_ref(), group)));
        compiled
            .filter_map(|(regex, rule)| rule.map_err(|bad| self.bad_regex(source, name, regex, &bad)).ok())
            .collect()
    }

    /// The forms that a pattern leaves alone.
    fn formats(&mut self, source: &Source, written: &Written) -> Vec<Regex> {
        let compiled = written.formats.iter().map(|format| (format, rule::regex(format.get_ref())));
        let told = |(format, regex): (&_, Result<_, BadRegex>)| {
            regex.map_err(|bad| self.bad_regex(source, &written.name, format, &bad)).ok()
        };
        compiled.filter_map(told).collect()
    }

    fn bad_regex(&mut self, source: &Source, name: &Spanned<String>, regex: &Spanned<String>, bad: &BadRegex) {
        let what = format!("`{}`: the regex is no good: {}", name.get_ref(), bad.why);
        self.problems.push(source.problem(regex.span(), what, bad.remedy));
    }

    /// The rule of a pattern's word list, if it has one.
    fn words(&mut self, source: &Source, written: &Written) -> Option<Rule> {
        let mut words: Vec<String> = written.words.iter().map(|word| word.get_ref().clone()).collect();
        if let Some(name) = &written.words_file {
            match self.word_files.get(&beside(&source.name, name.get_ref())) {
                Some(text) => words.extend(text.lines().map(str::to_owned)),
                None => self.problems.push(source.problem(
                    name.span(),
                    format!("`{}`: there is no word file `{}`", written.name.get_ref(), name.get_ref()),
                    "put it beside this file, named `*.txt`, UTF-8, a word or phrase a line",
                )),
            }
        }
        words.iter_mut().for_each(|word| *word = word.trim().to_owned());
        words.retain(|word| !word.is_empty());
        if let Some(word) = words.iter().find(|word| word.len() > LONGEST_WORD) {
            let what = format!("a word has {} bytes", word.len());
            self.complain(source, &written.name, &what, &format!("words and phrases have at most {LONGEST_WORD}"));
        }
        let rule = self.rules.len() as RuleId + written.regex.0.len() as RuleId;
        let any = !words.is_empty();
        self.words.extend(words.into_iter().map(|word| Listed { word, rule, fold_case: written.fold_case }));
        any.then(Rule::of_words)
    }

    fn validator(&mut self, source: &Source, name: Option<&Spanned<String>>) -> Option<&'static Validator> {
        let name = name?;
        let validator = validate::named(name.get_ref());
        if validator.is_none() {
            let what = format!("there is no validator `{}`", name.get_ref());
            self.problems.push(source.problem(name.span(), what, format!("use one of {}", super::validator_names())));
        }
        validator
    }

    fn heard(&mut self, source: &Source, written: &Written, cues: &CueLists) -> Lists {
        let mut heard = Vec::new();
        for name in &cues.names {
            match self.lists.get(name) {
                Some(_) if name == PASSING => {
                    let what = format!("the words of `{name}` are passed over and are no cues");
                    self.complain(source, &written.name, &what, "write `passing = true`, or name another list");
                }
                Some(list) => heard.push(*list),
                None => {
                    let what = format!("there is no cue list `{name}`");
                    self.complain(source, &written.name, &what, "write its words under `[cues.NAME]`");
                }
            }
        }
        if !cues.words.is_empty() {
            heard.push(self.list(&cues.words));
        }
        heard.into_iter().collect()
    }

    fn complain(&mut self, source: &Source, name: &Spanned<String>, what: &str, remedy: &str) {
        self.problems.push(source.problem(name.span(), format!("`{}`: {what}", name.get_ref()), remedy));
    }

    /// Runs the examples of all that could be built; they are told when what stands beside them is wrong, too.
    ///
    /// Those of an entity of which a pattern is missing say nothing, and none does when something shared is.
    fn prove(self, plans: Plans, files: &[(&Source, File)]) -> Result<Detector, Vec<Problem>> {
        let (mut problems, broken) = (self.problems.clone(), self.broken.clone());
        let detector = (!self.is_torn).then(|| self.detector(plans));
        problems.extend(detector.iter().flat_map(|detector| examples::run(detector, files, &broken)));
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        detector.filter(|_| problems.is_empty()).ok_or(problems)
    }

    fn detector(self, plans: Plans) -> Detector {
        let is_anywhere = |id: &RuleId| self.rules[*id as usize].start == Start::Anywhere;
        let anywhere = (0..self.rules.len() as RuleId).filter(is_anywhere).collect();
        let anchors = Anchors::new(self.rules.iter().enumerate().flat_map(literals).collect());
        let [any, aside, passing] = [ANY, ASIDE, PASSING].map(|list| self.lists.get(list).copied());
        let cues = Cues::new(&self.cues, Shared { any, aside, passing });
        let numbers = Numbers::new(&self.rules, &cues);
        Detector {
            patterns: self.patterns,
            services: self.services,
            rules: self.rules,
            numbers,
            anywhere,
            anchors,
            words: Words::new(self.words),
            cues,
            plans,
        }
    }
}

/// The cue list whose words go with any number.
const ANY: &str = "number";

/// The cue list whose phrases take the sense of the words in them.
const ASIDE: &str = "aside";

/// The cue list whose words may stand between a cue and its value.
const PASSING: &str = "passing";

const NO_SOURCE: &str = "it has no `source`";

const NO_EXAMPLE: &str = "it has no example that matches";

const EXAMPLE: &str = "add `examples.match`, with `<<` and `>>` around the value";

/// How many bytes a word or phrase of a list may have.
const LONGEST_WORD: usize = 256;

/// The name of the file `name` in the folder of `file`.
fn beside(file: &str, name: &str) -> String {
    file.rsplit_once(['/', '\\']).map_or(name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}

fn literals((id, rule): (usize, &Rule)) -> Vec<Literal> {
    match &rule.start {
        Start::Anchor(literals) | Start::Around { literals, .. } => {
            // A block of several lines goes on behind the part of a text in which it begins.
            let need = if rule.multiline { Need::Nothing } else { rule.need };
            let literal = |bytes: &Vec<u8>| Literal { bytes: bytes.clone(), rule: id as RuleId, need };
            literals.iter().map(literal).collect()
        }
        Start::Anywhere | Start::Number { .. } | Start::Words => Vec::new(),
    }
}
