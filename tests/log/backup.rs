//! The drills: a log that is lost comes back, and whom it forgot stays forgotten.

use super::support::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_log_comes_back_from_its_copies() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    for (customer, message) in [("ann", "my card is LC-00000001"), ("bob", "my card is LC-00000002")] {
        assert_eq!(proxy.ask(message, customer, &[]).await.0, 200);
    }
    here.fine(&["audit", "backup", "--keys", "keys.copy"]);
    here.fine(&["audit", "erase", "ann", "--reason", "asked to"]);
    let copied = here.fine(&["audit", "backup", "copy"]);
    assert!(copied.contains("copied 1 files") && copied.contains("the chain holds"), "{copied}");
    assert!(!here.path("copy/keys.db").exists(), "keys are copied apart");
    assert_eq!(here.run(&["audit", "backup", "copy"]).code, 2, "no copy is written over");
    assert_eq!(here.run(&["audit", "backup", "--keys", "keys.copy"]).code, 2);
    proxy.ask("after the copy", "bob", &[]).await;
    assert_eq!(proxy.stop(), 0);
    let events = here.fine(&["audit", "list"]);
    assert_eq!(events.lines().count(), 1 + 3, "{events}");

    let drill = here.fine(&["audit", "restore", "copy", "--keys", "keys.copy", "--drill"]);
    assert!(drill.contains("the drill went well: of the newest 2 exchanges 1 can be read, 1 are erased"), "{drill}");
    assert!(drill.contains("1 customers were erased again") && drill.contains("entries were written after"), "{drill}");
    assert!(!here.path("audit.drill").exists());
    assert_eq!(here.run(&["audit", "restore", "copy", "--keys", "keys.copy"]).code, 2, "a log stands there");

    std::fs::rename(here.path("audit"), here.path("lost")).unwrap();
    for wrong in ["proxy.toml", "nowhere", "lost/checkpoints"] {
        let ran = here.run(&["audit", "restore", "copy", "--keys", wrong]);
        assert!(ran.code == 2 && ran.talk.contains(&format!("`{wrong}` is not there, or no copy")), "{ran:?}");
    }
    let own = std::fs::read(here.path("audit.key")).unwrap();
    std::fs::write(here.path("audit.key"), "0".repeat(64)).unwrap();
    let ran = here.run(&["audit", "restore", "copy", "--keys", "keys.copy"]);
    assert!(ran.code == 2 && ran.talk.contains("`keys.copy` does not open with the key of `[audit]`"), "{ran:?}");
    std::fs::write(here.path("audit.key"), own).unwrap();
    assert!(!here.path("audit").exists(), "nothing was restored by halves");
    let restored = here.fine(&["audit", "restore", "copy", "--keys", "keys.copy", "--checkpoint", "lost/checkpoints"]);
    assert!(restored.contains("entries were written after this copy"), "{restored}");
    let proxy = here.serve();
    proxy.ask("goes on", "bob", &[]).await;
    assert_eq!(proxy.stop(), 0);
    assert!(here.fine(&["audit", "verify"]).contains("the chain holds"));
    assert_eq!(here.fine(&["audit", "list", "--subject", "ann"]).lines().count(), 1, "she stays forgotten");
    assert_eq!(here.fine(&["audit", "list", "--subject", "bob"]).lines().count(), 1 + 2);
    assert_eq!(here.run(&["audit", "verify", "--checkpoint", "lost/checkpoints"]).code, 1, "what is lost shows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_changed_is_not_restored() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    proxy.ask("my card is LC-00000001", "ann", &[]).await;
    here.fine(&["audit", "backup", "copy", "--keys", "keys.copy"]);
    proxy.kill();
    std::fs::rename(here.path("audit"), here.path("lost")).unwrap();
    let file = std::fs::read_dir(here.path("copy")).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let model = bytes.windows(3).position(|window| window == b"toy").unwrap();
    bytes[model] = b'T';
    std::fs::write(&file, bytes).unwrap();
    let ran = here.run(&["audit", "restore", "copy", "--keys", "keys.copy"]);
    assert!(ran.code == 1 && ran.out.contains("THE LOG DOES NOT HOLD"), "{ran:?}");
    assert!(!here.path("audit").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_only_file_is_gone_does_not_hold() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    proxy.ask("my card is LC-00000001", "ann", &[]).await;
    assert_eq!(proxy.stop(), 0);
    std::fs::remove_file(here.segment()).unwrap();
    let ran = here.run(&["audit", "verify"]);
    assert!(ran.code == 1 && ran.out.starts_with("checkpoints: no file of the log is here, and it had "), "{ran:?}");
    for command in [&["audit", "list"][..], &["serve"]] {
        let ran = here.run(command);
        assert!(ran.code == 2 && ran.talk.contains("the files of the log in `audit` are gone"), "{ran:?}");
    }
    std::fs::remove_file(here.path("audit/checkpoints")).unwrap();
    assert_eq!(here.run(&["audit", "verify"]).code, 2, "no log at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_ends_with_its_log_if_it_is_told_to() {
    let here = Installation::new("on_failure = \"exit\"").await;
    let proxy = here.serve();
    assert_eq!(proxy.ask("hello", "ann", &[]).await.0, 200);
    std::fs::rename(here.path("audit"), here.path("lost")).unwrap();
    assert_eq!(proxy.wait(), 2);
    assert_eq!(here.provider.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_its_keys_says_so_where_they_are_needed() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    proxy.ask("my card is LC-00000001", "ann", &[]).await;
    assert_eq!(proxy.stop(), 0);
    here.fine(&["audit", "backup", "--keys", "keys.copy"]);
    let listed = here.fine(&["audit", "list", "--json"]);
    let exchange: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let [id, token] = ["exchange", "subject"].map(|name| exchange[name].as_str().unwrap());
    std::fs::remove_file(here.path("audit/keys.db")).unwrap();
    for command in [&["list"][..], &["list", "--subject", token], &["subject", token]] {
        assert_eq!(here.fine(&[&["audit"], command, &["--json"]].concat()), listed, "{command:?}");
    }
    assert!(here.fine(&["audit", "show", id]).contains("their keys are not here"));
    for command in [
        &["subject", "ann"][..],
        &["subject", token, "--export", "json"],
        &["list", "--subject", "ann"],
        &["list", "--conversation", "talk"],
        &["list", "--value", "LC-00000001"],
        &["review"],
        &["leaks"],
    ] {
        let ran = here.run(&[&["audit"], command].concat());
        assert!(ran.code == 2 && ran.out.is_empty(), "{command:?}: {ran:?}");
        assert!(ran.talk.contains("`audit/keys.db` is missing"), "{command:?}: {ran:?}");
    }
    std::fs::rename(here.path("audit"), here.path("moved")).unwrap();
    here.fine(&["audit", "restore", "moved", "--keys", "keys.copy"]);
    assert_eq!(here.fine(&["audit", "subject", "ann", "--json"]), listed);
    let nobody = here.run(&["audit", "subject", "nobody", "--export", "json"]);
    assert!(nobody.code == 0 && nobody.talk.contains("nothing is held about this customer"), "{nobody:?}");
}
