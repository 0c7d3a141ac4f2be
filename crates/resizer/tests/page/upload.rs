//! Choosing pictures and reading what comes back: the charts must show the reply's own numbers.

use crate::{
    on_page,
    pictures::Pictures,
    shown::{charts_hold, drawn, reply, servers, split_adds_up},
};

#[test]
fn the_charts_show_the_numbers_of_the_reply() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 1200, 800)]).await;
        let file = reply(browser, "cat").await;
        assert_eq!(servers(&file).len(), 3);
        charts_hold(browser, &file).await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn the_time_split_adds_up_to_what_was_measured() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let file = reply(browser, "cat").await;
        assert_eq!(split_adds_up(browser, &file).await, 18);
    });
}

#[test]
fn formats_and_qualities_are_compared_when_asked_for() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.click("#options-box > summary").await;
        browser.click("input[name=formats][value=png]").await;
        let quality = browser.find("#quality").await;
        quality.clear().await.expect("clear");
        quality.send_keys("75, 90").await.expect("type");
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let file = reply(browser, "cat").await;
        let weights = drawn(browser, "format-bytes").await;
        assert_eq!(
            weights.iter().map(|bars| bars["name"].clone()).collect::<Vec<_>>(),
            ["JPEG q75", "JPEG q90", "PNG"]
        );
        assert_eq!(weights[2]["y"][0].as_f64(), file["derivatives"]["2048x2048 PNG"]["filesize"].as_f64());
        assert_eq!(weights[1]["y"][4].as_f64(), file["derivatives"]["128x128 q90"]["filesize"].as_f64());
        browser.click("#encoding option[value=PNG]").await;
        let png = &file["derivatives"]["1024x1024 PNG"]["average_precision"];
        browser.until("document.getElementById('chart-precision-timings').data").await;
        assert_eq!(drawn(browser, "precision-timings").await[0]["y"][2].as_f64(), png.as_f64());
    });
}

#[test]
fn labels_and_scores_stand_in_the_table_and_names_are_text() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("<b>cat<b>.jpg", 900, 600)]).await;
        let table = browser.text(".agreement").await;
        for text in
            ["GPU <fast>", "Egyptian cat", "score 9.5000", "same first label", "5 of 5 shared", "other first label"]
        {
            assert!(table.contains(text), "{text} is missing in\n{table}");
        }
        assert_eq!(browser.value::<usize>("document.querySelectorAll('#results b, #history-list b').length").await, 0);
        assert!(browser.text(".run-head h3").await.contains("<b>cat<b>.jpg"));
    });
}

#[test]
fn several_pictures_are_compared_one_after_another() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        let [one, two] = [pictures.jpeg("one.jpg", 640, 480), pictures.jpeg("two.jpg", 800, 600)];
        browser.compare(&[&one, &two]).await;
        assert_eq!(browser.text(".run-head h3").await, "two.jpg");
        browser.click("#pictures button:first-child").await;
        assert_eq!(browser.text(".run-head h3").await, "one.jpg");
        assert_eq!(browser.value::<usize>("document.querySelectorAll('#history-list li').length").await, 2);
    });
}

#[test]
fn pictures_can_be_dropped_and_pasted() {
    on_page("whole", async |browser, _service| {
        let held =
            "const held = new DataTransfer(); held.items.add(new File([new Uint8Array([255, 216, 255, 224])], NAME));";
        let drop = "for (const type of ['dragenter', 'dragover', 'drop']) \
                    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: held, bubbles: true, cancelable: true }));";
        let paste = "document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: held, bubbles: true, cancelable: true }));";
        for (name, act) in [("dropped.jpg", drop), ("pasted.jpg", paste)] {
            let script = format!("{}{act}", held.replace("NAME", &format!("'{name}'")));
            browser.run(&script).await;
            browser.until(&format!("document.getElementById('chosen').innerText.includes('{name}')")).await;
        }
        assert_eq!(browser.text("#compare").await, "Compare 2 pictures");
        assert!(!browser.value::<bool>("document.getElementById('drop').classList.contains('over')").await);
        browser.click("#chosen li:first-child button").await;
        assert_eq!(browser.text("#compare").await, "Compare");
        assert_eq!(browser.focused().await, "Remove");
    });
}

#[test]
fn a_picture_can_be_shrunk_before_the_upload() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.click("#options-box > summary").await;
        browser.click("input[name=shrink]").await;
        browser.compare(&[&pictures.jpeg("cat.jpg", 3000, 2000)]).await;
        let file = reply(browser, "cat").await;
        assert_eq!(file["filename"], "cat.1024x683.jpg");
        let sent = file["filesize"].as_u64().expect("bytes");
        let had = pictures.path().join("cat.jpg").metadata().expect("size").len();
        assert!(sent * 4 < had, "{sent} of {had}");
        let said = browser.text("#saving").await;
        assert!(said.contains("1024 × 683 px") && said.contains("% saved"), "{said}");
    });
}

#[test]
fn wrong_options_are_told_beside_their_field() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.choose(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        browser.click("#options-box > summary").await;
        browser.find("#repeat").await.send_keys("99").await.expect("type");
        browser.click("#compare").await;
        assert_eq!(browser.text("#wrong-repeat").await, "Give a whole number from 1 to 50.");
        assert_eq!(browser.focused().await, "repeat");
        assert!(browser.value::<bool>("document.getElementById('progress').hidden").await);
    });
}
