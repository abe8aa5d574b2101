//! What is erased is gone from every file, and the log still holds.

use std::time::Duration;

use super::sealing::{bytes_of, contains};
use super::*;

/// A text that compresses to nothing that could be mistaken for another.
const TEXT: &[u8] = b"my dog Bolognese ate 17 shoes";

fn of_customer(number: u16, subject: &str) -> [Entry; 2] {
    let opened = Opened { subject: Some(subject.into()), request: TEXT.to_vec(), ..opened(number) };
    [Entry::opened(opened), Entry::closed(Closed { answer: TEXT.to_vec(), ..closed(number) })]
}

fn settings(folder: &TempDir) -> Settings {
    lasting(folder.path())
}

/// Everything that anybody with the folder and every key of the installation can open.
fn openable(folder: &Path) -> Vec<Vec<u8>> {
    let reader = reader(folder);
    let listed = reader.list(&Filter::default()).unwrap();
    let records = listed.iter().map(|summary| reader.show(&summary.exchange.to_string()).unwrap().unwrap());
    records
        .flat_map(|record| [record.opened.request, record.closed.map(|closed| closed.answer).unwrap_or_default()])
        .collect()
}

#[test]
fn an_erased_customer_is_gone_and_the_log_holds() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &of_customer(1, "erased")).unwrap();
    commit(&mut journal, &of_customer(2, "kept")).unwrap();
    let settings = settings(&folder);
    let registry = Registry::open(&settings, &ring()).unwrap();
    let token = token(folder.path(), "erased");
    let plan = registry.plan("erased", "", november()).unwrap();
    assert_eq!((plan.exchanges, plan.texts), (1, 2));
    assert_eq!(openable(folder.path()).iter().filter(|text| *text == TEXT).count(), 4, "a plan erases nothing");

    let erasure = registry.erase("erased", "asked to", november()).unwrap();
    assert_eq!((&erasure.token, erasure.exchanges, erasure.texts), (&token, 1, 2));
    assert_eq!(erasure.complete_after, at("2026-12-22T12:00:00Z"));
    assert_eq!(openable(folder.path()).iter().filter(|text| *text == TEXT).count(), 2);
    let record = reader(folder.path()).show(&id(1).to_string()).unwrap().unwrap();
    assert_eq!((record.texts, record.opened.request), (Texts::Destroyed, vec![]));
    assert!(
        reader(folder.path()).list(&Filter { subject: Some("erased".into()), ..Filter::default() }).unwrap().is_empty()
    );
    assert!(matches!(registry.erase("erased", "", november()), Err(AuditError::NoSubject { .. })));
    assert!(matches!(registry.erase("", "", november()), Err(AuditError::NoSubject { .. })));

    journal.take_notes().unwrap();
    assert!(registry.is_logged().unwrap());
    let detail: String =
        database(&folder).query_row("SELECT detail FROM event WHERE name = 'erased'", [], |row| row.get(0)).unwrap();
    assert!(detail.contains(&token) && detail.contains("asked to"), "{detail}");
    drop(journal);
    assert_whole(&folder);
}

#[test]
fn no_byte_of_an_erased_text_or_its_key_is_in_any_file() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &of_customer(1, "kept")).unwrap();
    commit(&mut journal, &of_customer(2, "erased-customer")).unwrap();
    let wrapped: Vec<u8> = Connection::open(folder.path().join("keys.db"))
        .unwrap()
        .query_row("SELECT key FROM subject WHERE found_by = 'erased-customer'", [], |row| row.get(0))
        .unwrap();
    let before = bytes_of(folder.path());
    assert!(contains(&before, &wrapped) && contains(&before, b"erased-customer"), "the test looks at the right place");
    Registry::open(&settings(&folder), &ring()).unwrap().erase("erased-customer", "", november()).unwrap();
    for closed in [false, true] {
        let kept = bytes_of(folder.path());
        // A nonce or any eight bytes of the wrapped key would be a remainder.
        assert!(!wrapped.windows(8).any(|part| contains(&kept, part)), "closed: {closed}");
        assert!(!contains(&kept, b"erased-customer"));
        assert!(!TEXT.windows(8).any(|part| contains(&kept, part)));
        if !closed {
            journal.take_notes().unwrap();
            drop(std::mem::replace(&mut journal, self::journal(TempDir::new().unwrap().path())));
        }
    }
    assert_whole(&folder);
}

#[test]
fn a_customer_who_comes_back_is_another() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    commit(&mut journal, &of_customer(1, "subject")).unwrap();
    let [open, close] = of_customer(2, "subject");
    commit(&mut journal, &[open]).unwrap();
    let before = token(folder.path(), "subject");
    Registry::open(&settings(&folder), &ring()).unwrap().erase("subject", "", november()).unwrap();
    // The answer to the request that was under way belongs to nobody now.
    commit(&mut journal, &[close]).unwrap();
    commit(&mut journal, &of_customer(3, "subject")).unwrap();
    assert_ne!(token(folder.path(), "subject"), before);
    let texts = |number| reader(folder.path()).show(&id(number).to_string()).unwrap().unwrap().texts;
    assert_eq!([1, 2, 3].map(texts), [Texts::Destroyed, Texts::Destroyed, Texts::Readable]);
}

#[test]
fn the_conversations_of_an_erased_customer_lead_to_nobody() {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let of = |number, subject: &str| {
        let opened = Opened { subject: Some(subject.into()), conversation: Some("talk".into()), ..opened(number) };
        [Entry::opened(opened), closing(number)]
    };
    let found = || {
        let talk = Filter { conversations: Some(vec!["talk".into()]), ..Filter::default() };
        reader(folder.path()).list(&talk).unwrap().iter().map(|found| found.exchange).collect::<Vec<_>>()
    };
    commit(&mut journal, &of(1, "erased")).unwrap();
    commit(&mut journal, &of(2, "kept")).unwrap();
    commit(&mut journal, &of(3, "erased")).unwrap();
    assert_eq!(found(), [id(3), id(2), id(1)]);
    Registry::open(&settings(&folder), &ring()).unwrap().erase("erased", "", november()).unwrap();
    assert_eq!(found(), [id(2)]);
    commit(&mut journal, &of(4, "erased")).unwrap();
    assert_eq!(found(), [id(4), id(2)], "who comes back is another");
    let token = |number| reader(folder.path()).show(&id(number).to_string()).unwrap().unwrap().opened.conversation;
    assert!(token(1) == token(3) && token(3) != token(4) && token(4) != token(2));
}

#[test]
fn a_hold_keeps_from_erasure() {
    let folder = small_log();
    let settings = settings(&folder);
    let registry = Registry::open(&settings, &ring()).unwrap();
    registry.hold("subject-1", Some("case 4"), november()).unwrap();
    let error = registry.erase("subject-1", "", november()).unwrap_err();
    assert!(matches!(&error, AuditError::OnHold { reason } if reason == "case 4"), "{error}");
    registry.hold("subject-1", None, november()).unwrap();
    registry.erase("subject-1", "", november()).unwrap();
}

#[test]
fn a_receipt_is_signed() {
    let folder = small_log();
    let settings = settings(&folder);
    let erasure = Registry::open(&settings, &ring()).unwrap().erase("subject-1", "asked\nto", november()).unwrap();
    let receipt = receipt(&erasure, "toy", &keys().signing);
    let verifier = Verifier::new("toy", keys().signing.public());
    assert!(verifier.open(&receipt).unwrap().contains("\nreason \"asked\\nto\"\nexchanges 2\ntexts 4\n"), "{receipt}");
    assert_eq!(verifier.open(&receipt.replace("texts 4", "texts 5")), None);
}

#[tokio::test]
async fn a_running_writer_hears_of_an_erasure() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder);
    let (log, writer) = Log::open(&settings, &keys()).unwrap();
    log.opened(opened(1)).await.unwrap();
    let registry = Registry::open(&settings, &ring()).unwrap();
    registry.erase("subject-1", "", november()).unwrap();
    assert!(settle(&settings, &keys(), &registry, Duration::from_secs(10)).unwrap());
    writer.close().unwrap();
    assert_whole(&folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_always_has_more_to_write_hears_of_an_erasure() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder);
    let (log, writer) = Log::open(&settings, &keys()).unwrap();
    log.opened(opened(1)).await.unwrap();
    let registry = Registry::open(&settings, &ring()).unwrap();
    registry.erase("subject-1", "", november()).unwrap();
    let busy: Vec<_> = (0..8)
        .map(|task| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in (10 + task..).step_by(8) {
                    // Each needs a key of its own, so that no batch takes the next one in.
                    let subject = Some(format!("subject-{number}"));
                    log.opened(Opened { subject, ..opened(number) }).await.unwrap();
                }
            })
        })
        .collect();
    let heard = || settle(&settings, &keys(), &registry, Duration::from_secs(10)).unwrap();
    assert!(tokio::task::block_in_place(heard));
    busy.iter().for_each(tokio::task::JoinHandle::abort);
    drop(busy);
    writer.close().unwrap();
}

#[test]
fn what_was_noted_without_a_writer_is_logged_by_the_next() {
    let folder = small_log();
    let settings = settings(&folder);
    let registry = Registry::open(&settings, &ring()).unwrap();
    registry.erase("subject-1", "", november()).unwrap();
    assert!(settle(&settings, &keys(), &registry, Duration::ZERO).unwrap());
    let erased = "SELECT count(*) FROM event WHERE name = 'erased'";
    assert_eq!(database(&folder).query_row(erased, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}
