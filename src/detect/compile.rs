//! From written pattern files to a detector, with every problem at once.

use std::collections::{BTreeMap, BTreeSet};

use regex_automata::meta::Regex;
use toml::Spanned;

use super::{
    Detector, Entity, Pattern, PatternId, Problem, Settings, Source,
    anchors::Anchors,
    cues::{Cues, ListId},
    examples,
    language::{self, CueLists, CueWords, File, Written, WrittenLookalike, WrittenService},
    numbers::Numbers,
    rule::{self, Round, Rule},
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
    let plans = workshop.plans(settings);
    workshop.choose_countries(&mut files, settings);
    files.iter().for_each(|(source, file)| workshop.share_cues(source, file));
    for (source, file) in &files {
        file.patterns.iter().for_each(|pattern| workshop.pattern(source, pattern.get_ref()));
        file.lookalikes.iter().for_each(|lookalike| workshop.lookalike(source, lookalike.get_ref()));
    }
    for (source, file) in &files {
        file.services.iter().for_each(|service| workshop.service(source, service.get_ref()));
    }
    if !workshop.problems.is_empty() {
        return Err(workshop.problems);
    }
    let detector = workshop.detector(plans);
    let failures = examples::run(&detector, &files);
    if failures.is_empty() { Ok(detector) } else { Err(failures) }
}

/// Refuses more patterns and cue lists than their ids can tell apart.
fn bound(files: &[(&Source, File)]) -> Result<(), Vec<Problem>> {
    const MOST: usize = 16_384;
    let entities =
        |file: &File| file.services.iter().map(|service| service.get_ref().entities.get_ref().len()).sum::<usize>();
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
}

impl Workshop {
    fn plans(&mut self, settings: &Settings) -> Plans {
        Plans::new(&settings.regions).unwrap_or_else(|unknown| {
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
            for written in &file.patterns {
                let Some(country) = &written.get_ref().country else { continue };
                known.insert(country.get_ref().clone());
                if !validate::is_country(country.get_ref()) {
                    let what = format!("`{}` is no country", country.get_ref());
                    let remedy = "use its ISO 3166 code in capitals, such as `GB` for the United Kingdom";
                    self.problems.push(source.problem(country.span(), what, remedy));
                }
            }
            file.patterns
                .retain(|written| settings.uses(written.get_ref().country.as_ref().map(|c| c.get_ref().as_str())));
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

    fn pattern(&mut self, source: &Source, written: &Written) {
        let check = self.validator(source, written.validator.as_ref());
        let formats = self.formats(source, written);
        let mut rules = self.rules(source, &written.name, &written.regex.0, written.group);
        rules.extend(self.words(source, written));
        if rules.is_empty() && self.problems.is_empty() {
            self.complain(source, &written.name, "it has no `regex`, `words` or `words_file`", "say what it looks for");
        }
        let (cues, anti_cues) =
            (self.heard(source, written, &written.cues), self.heard(source, written, &written.anti_cues));
        if written.strength == language::Strength::Weak && cues.is_empty() {
            self.complain(source, &written.name, "it is weak and has no cues", "give it `cues`, or make it `likely`");
        }
        if written.examples.as_ref().is_none_or(|examples| examples.matches.is_empty()) {
            self.complain(source, &written.name, "it has no example that matches", EXAMPLE);
        }
        let id = PatternId(u16::try_from(self.patterns.len()).unwrap_or(u16::MAX));
        for rule in rules {
            self.rules.push(Rule {
                pattern: Some(id),
                round: Round::from(written.strength),
                check,
                cues: cues.clone(),
                anti_cues: anti_cues.clone(),
                distance: written.distance,
                multiline: written.multiline,
                formats: formats.clone(),
                ..rule
            });
        }
        match written.entity.get_ref().parse::<Entity>() {
            Ok(entity) => self.patterns.push(Pattern {
                name: written.name.get_ref().clone(),
                entity,
                file: source.name.clone(),
                strength: written.strength,
                source: written.source.clone(),
                validator: check.map(|validator| validator.name),
            }),
            Err(error) => self.problems.push(source.problem(
                written.entity.span(),
                format!("`{}` is no entity", written.entity.get_ref()),
                error.to_string(),
            )),
        }
    }

    fn lookalike(&mut self, source: &Source, written: &WrittenLookalike) {
        let check = self.validator(source, written.validator.as_ref());
        let rules = self.rules(source, &written.name, &written.regex.0, 0);
        if rules.is_empty() && self.problems.is_empty() {
            self.complain(source, &written.name, "it has no `regex`", "say what it looks like");
        }
        self.rules.extend(rules.into_iter().map(|rule| Rule { check, ..rule }));
        if written.examples.as_ref().is_none_or(|examples| examples.matches.is_empty()) {
            self.complain(source, &written.name, "it has no example that matches", EXAMPLE);
        }
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
            .filter_map(|(regex, rule)| rule.map_err(|why| self.bad_regex(source, name, regex, &why)).ok())
            .collect()
    }

    /// The forms that a pattern leaves alone.
    fn formats(&mut self, source: &Source, written: &Written) -> Vec<Regex> {
        let compiled = written.formats.iter().map(|format| (format, rule::regex(format.get_ref())));
        let told = |(format, regex): (&_, Result<_, String>)| {
            regex.map_err(|why| self.bad_regex(source, &written.name, format, &why)).ok()
        };
        compiled.filter_map(told).collect()
    }

    fn bad_regex(&mut self, source: &Source, name: &Spanned<String>, regex: &Spanned<String>, why: &str) {
        self.problems.push(source.problem(
            regex.span(),
            format!("`{}`: the regex is no good: {why}", name.get_ref()),
            "correct it; the syntax is that of the Rust regex crate, ASCII only",
        ));
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

    fn heard(&mut self, source: &Source, written: &Written, cues: &CueLists) -> Vec<ListId> {
        let mut heard = Vec::new();
        for name in &cues.names {
            match self.lists.get(name) {
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
        heard
    }

    fn complain(&mut self, source: &Source, name: &Spanned<String>, what: &str, remedy: &str) {
        self.problems.push(source.problem(name.span(), format!("`{}`: {what}", name.get_ref()), remedy));
    }

    fn detector(self, plans: Plans) -> Detector {
        let is_anywhere = |id: &RuleId| self.rules[*id as usize].start == Start::Anywhere;
        let anywhere = (0..self.rules.len() as RuleId).filter(is_anywhere).collect();
        let numbers = Numbers::new(&self.rules);
        let anchors = Anchors::new(self.rules.iter().enumerate().flat_map(literals).collect());
        let cues = Cues::new(&self.cues, self.lists.get(ANY).copied());
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

const EXAMPLE: &str = "add `examples.match`, with `<<` and `>>` around the value";

/// How many bytes a word or phrase of a list may have.
const LONGEST_WORD: usize = 256;

/// The name of the file `name` in the folder of `file`.
fn beside(file: &str, name: &str) -> String {
    file.rsplit_once(['/', '\\']).map_or(name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}

fn literals((id, rule): (usize, &Rule)) -> Vec<(Vec<u8>, RuleId)> {
    match &rule.start {
        Start::Anchor(literals) | Start::Around { literals, .. } => {
            literals.iter().map(|literal| (literal.clone(), id as RuleId)).collect()
        }
        Start::Anywhere | Start::Number { .. } | Start::Words => Vec::new(),
    }
}
