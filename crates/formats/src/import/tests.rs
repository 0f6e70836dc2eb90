use proptest::prelude::*;

use super::*;
use crate::catalogue::Class;

fn read(format: &str, document: &str, options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    parse(format, document.as_bytes(), options).unwrap()
}

/// One line for each: id | name | service | kind | fields with the first letter of their class and their value.
#[track_caller]
fn check_with(format: &str, document: &str, options: &Options<'_>, expected: &[&str]) {
    let found = read(format, document, options)
        .map_err(|error| error.to_string())
        .map(|all| {
            let line = |it: &ImportCredential| {
                let fields: Vec<String> = it
                    .fields
                    .iter()
                    .map(|field| {
                        let class = field.class.as_str().get(..1).unwrap();
                        format!("{}:{class}={}", field.name, field.value.expose())
                    })
                    .collect();
                let (id, name, kind) = (&it.source_id, &it.name, it.kind.as_str());
                format!("{id} | {name} | {} | {kind} | {}", it.service, fields.join(" "))
            };
            all.iter().map(line).collect::<Vec<_>>()
        });
    assert_eq!(found, Ok(expected.iter().map(|line| (*line).to_owned()).collect()));
}

#[track_caller]
fn check(format: &str, document: &str, expected: &[&str]) {
    check_with(format, document, &Options::default(), expected);
}

#[track_caller]
fn refused(format: &str, document: &str, expected: &str) {
    match read(format, document, &Options::default()) {
        Ok(_) => panic!("{format} is taken"),
        Err(error) => {
            assert_eq!(error.to_string(), expected);
            assert!(!format!("{error:?}").contains("demo"), "a value is told: {error:?}");
        }
    }
}

const ENV: &str = "# shop\nexport STRIPE_SECRET_KEY=demo-1 # live\nAWS_ACCESS_KEY_ID='demo-2'\n\
                   AWS_SECRET_ACCESS_KEY=\"demo\\n3\"\nINTERNAL=\"two\nlines\"\n";

#[test]
fn variables_become_one_credential_for_each_service() {
    check(
        "dotenv",
        ENV,
        &[
            "//*stripe | stripe | stripe | api_key | api_key:s=demo-1",
            "//*aws | aws | aws | custom | access_key_id:p=demo-2 secret_access_key:s=demo\n3",
            "//INTERNAL | INTERNAL | custom | custom | internal:s=two\nlines",
        ],
    );
}

#[test]
fn a_file_for_another_client_is_another_thing() {
    let options = Options {
        scope: "acme",
        prefix: "Shop",
        group: Group::File,
        ..Options::default()
    };
    check_with(
        "dotenv",
        "A=1\nB=2\n",
        &options,
        &["acme/Shop/* | Shop variables | custom | custom | a:s=1 b:s=2"],
    );
}

#[test]
fn a_bad_line_is_named_without_its_value() {
    refused("dotenv", "A=1\ndemo\n", "this line is no NAME=value (line 2, column 1)");
    refused(
        "dotenv",
        "A=\"1\n2\"\nB='demo\n",
        "the quote that begins here is never closed (line 3, column 1)",
    );
    refused(
        "dotenv",
        "A='demo'demo'\n",
        "something follows the closing quote (line 1, column 1)",
    );
    refused(
        "dotenv",
        "A=demo\nA=demo\n",
        "a line before this one sets the same variable (line 2, column 1)",
    );
    refused(
        "infisical",
        "Key,Value\nA,demo,demo\n",
        "this record has 3 fields, the head has 2 (line 2, column 1)",
    );
    refused(
        "1password",
        "Title,Password\nA,\"demo\"x\n",
        "something follows the closing quote of a field (line 2, column 1)",
    );
}

#[test]
fn onepassword_is_read_as_csv_and_as_1pux() {
    check(
        "1password",
        "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\n\
         Stripe,https://dashboard.stripe.com,ada,\"demo,\"\"1\",,false,false,,\n",
        &[
            "/Stripe#1 | Stripe | stripe | basic | url:d=https://dashboard.stripe.com username:p=ada password:s=demo,\"1",
        ],
    );
    check(
        "1password",
        r#"{"accounts":[{"attrs":{},"vaults":[{"attrs":{},"items":[{"uuid":"u1","state":"active","categoryUuid":"112",
           "details":{"loginFields":[],"sections":[{"title":"","fields":[{"title":"token","id":"x",
           "value":{"concealed":"demo-1"}}]}]},"overview":{"title":"Airtable base","url":""}}]}]}]}"#,
        &["u1 | Airtable base | airtable | access_token | token:s=demo-1"],
    );
    refused(
        "1password",
        r#"{"accounts":[{}]}"#,
        "there is no array vaults (at /accounts/0/vaults)",
    );
}

/// A zip with these files.
fn zipped(files: &[(&str, &[u8])]) -> std::io::Cursor<Vec<u8>> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, deflated).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_1pux_gives_its_export_data_and_nothing_else_of_it() {
    use super::onepassword::export_data;
    let whole = zipped(&[
        ("files/secret.pdf", b"not looked at"),
        ("export.attributes", b"{}"),
        ("export.data", br#"{"accounts":[]}"#),
    ]);
    assert_eq!(*export_data(whole, 1024).unwrap(), r#"{"accounts":[]}"#);
}

#[test]
fn a_1pux_that_is_none_is_refused_and_so_is_one_that_unpacks_to_too_much() {
    use super::onepassword::export_data;
    let refused =
        |archive: std::io::Cursor<Vec<u8>>, bytes_max| export_data(archive, bytes_max).unwrap_err().to_string();
    assert_eq!(
        refused(zipped(&[("a.txt", b"x")]), 1024),
        "the zip has no file export.data"
    );
    assert_eq!(
        refused(zipped(&[("export.data", b"\xff\xfe")]), 1024),
        "export.data is not UTF-8 text"
    );
    let bomb = zipped(&[("export.data", &vec![b' '; 8 << 20])]);
    assert!(bomb.get_ref().len() < 32 << 10, "8 MiB of blanks are small when packed");
    assert_eq!(refused(bomb, 2 << 20), "export.data has more than 2 MiB");
    let mut cut = zipped(&[("export.data", br#"{"accounts":[]}"#)]).into_inner();
    cut.truncate(cut.len() / 2);
    assert!(refused(std::io::Cursor::new(cut), 1024).starts_with("the zip can't be read"));
    // The directory at the end says less than the file unpacks to.
    let mut lying = zipped(&[("export.data", &vec![b' '; 1 << 20])]).into_inner();
    let directory = lying.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    lying[directory + 24..directory + 28].copy_from_slice(&8_u32.to_le_bytes());
    let told = refused(std::io::Cursor::new(lying), 4096);
    assert!(told.starts_with("export.data "), "{told}");
}

#[test]
fn bitwarden_is_read_unless_it_is_encrypted() {
    check(
        "bitwarden",
        r#"{"encrypted":false,"folders":[],"items":[{"id":"b1","type":1,"name":"Acme ERP","notes":null,
           "fields":[{"name":"Tenant","value":"t1","type":0}],
           "login":{"uris":[{"match":null,"uri":"https://erp.example.org"}],"username":"ada","password":"demo-1","totp":null}}]}"#,
        &[
            "b1 | Acme ERP | custom | basic | username:p=ada password:s=demo-1 url:d=https://erp.example.org tenant:s=t1",
        ],
    );
    refused(
        "bitwarden",
        r#"{"encrypted":true,"data":"demo"}"#,
        "the export is encrypted (at /encrypted)",
    );
}

#[test]
fn vault_is_read_by_path_and_alone() {
    check(
        "vault",
        r#"{"kv/stripe":{"api_key":"demo-1"},"kv/erp":{"request_id":"r","data":{"data":{"pin":7},"metadata":{"version":2}}}}"#,
        &[
            "/kv/stripe | kv/stripe | stripe | api_key | api_key:s=demo-1",
            "/kv/erp | kv/erp | custom | custom | pin:s=7",
        ],
    );
    refused(
        "vault",
        r#"{"request_id":"r","data":{"a":"demo"}}"#,
        "the answer of kv get doesn't say its path",
    );
}

#[test]
fn infisical_and_doppler_are_variables_too() {
    let stripe = ["//*stripe | stripe | stripe | access_token | token:s=demo-1"];
    check(
        "infisical",
        r#"[{"key":"STRIPE_TOKEN","workspace":"w","value":"demo-1","type":"shared","secretPath":"/"}]"#,
        &stripe,
    );
    check("infisical", "Key,Value\nSTRIPE_TOKEN,demo-1\n", &stripe);
    check("infisical", "STRIPE_TOKEN='demo-1'\n", &stripe);
    check("doppler", r#"{"DOPPLER_PROJECT":"p","STRIPE_TOKEN":"demo-1"}"#, &stripe);
    check(
        "doppler",
        r#"{"STRIPE_TOKEN":{"computed":"demo-1","raw":"demo-1"}}"#,
        &stripe,
    );
    refused(
        "doppler",
        r#"{"A":{"computed":null}}"#,
        "the secret has no value that is a text (at /A)",
    );
}

#[test]
fn airflow_is_read_as_json_and_as_uri() {
    let expected = [
        "//db | db | postgres | basic | username:p=ada password:s=de/mo host:d=db.example.org port:d=5432 schema:s=shop sslmode:s=require",
    ];
    check(
        "airflow",
        r#"{"db":{"conn_type":"postgres","description":"","login":"ada","password":"de/mo","host":"db.example.org",
           "port":5432,"schema":"shop","extra":"{\"sslmode\":\"require\"}"}}"#,
        &expected,
    );
    check(
        "airflow",
        "db=postgres://ada:de%2Fmo@db.example.org:5432/shop?sslmode=require\n",
        &expected,
    );
    check(
        "airflow",
        r#"{"db":"postgresql://ada:de%2Fmo@db.example.org:5432/shop?sslmode=require"}"#,
        &expected,
    );
    refused(
        "airflow",
        "db=demo\n",
        "this is no URI of a connection (line 1, column 1)",
    );
    refused(
        "airflow",
        r#"{"db":{"password":"demo"}}"#,
        "the connection has no conn_type (at /db)",
    );
}

#[test]
fn activepieces_is_read_with_values_only() {
    check(
        "activepieces",
        r#"{"data":[{"id":"1","externalId":"slack","displayName":"Slack of Acme","type":"OAUTH2",
           "pieceName":"@activepieces/piece-slack","value":{"type":"OAUTH2","access_token":"demo-1","expires_in":3,"client_id":"c"}}]}"#,
        &["/slack | Slack of Acme | slack | oauth2 | access_token:s=demo-1 client_id:p=c"],
    );
    refused(
        "activepieces",
        r#"[{"id":"1","displayName":"n","type":"SECRET_TEXT","value":{"iv":"demo","data":"demo"}}]"#,
        "the value is encrypted (at /0/value)",
    );
}

#[test]
fn windmill_resources_get_the_values_of_their_variables() {
    check(
        "windmill",
        r#"{"resources":[{"path":"u/a/shop","resource_type":"stripe","value":{"token":"$var:u/a/key"}}],
            "variables":[{"path":"u/a/key","value":"demo-1","is_secret":true},{"path":"u/a/pin","value":"demo-2","is_secret":true}]}"#,
        &[
            "/r/u/a/shop | shop | stripe | access_token | token:s=demo-1",
            "/v/u/a/pin | pin | custom | custom | value:s=demo-2",
        ],
    );
    refused(
        "windmill",
        r#"[{"path":"u/a/shop","resource_type":"stripe","value":{"token":"$var:u/a/key"}}]"#,
        "the variable that it refers to is not in the file (at /0/value/token)",
    );
}

#[test]
fn a_url_that_may_hold_a_secret_is_one() {
    let of = |url: &str| {
        let mut entry = entry::Entry::new("", "1", "n");
        entry.url("url", url);
        entry.finish().fields.first().map(|field| field.class)
    };
    assert_eq!(of("https://example.org/login"), Some(Class::Destination));
    assert_eq!(of("https://ada:demo@example.org"), Some(Class::Secret));
    assert_eq!(of("https://example.org/?key=demo"), Some(Class::Secret));
    assert_eq!(of("https://hooks.example.org/services/T/B/demo"), Some(Class::Secret));
}

proptest! {
    #[test]
    fn no_input_panics(text in r#"[A-Za-z0-9_=,:;'"`\\#%@/?&\{\}\[\]\n\r é]{0,200}"#, any in ".{0,80}") {
        for format in FORMATS {
            let _ = read(format, &text, &Options::default());
            let _ = read(format, &any, &Options { prefix: "p", ..Options::default() });
        }
    }

    #[test]
    fn no_json_panics(key in "(data|accounts|items|vaults|value|type|login|db|resources|variables|path|extra)", text in ".{0,20}") {
        let leaf = [serde_json::json!(text), serde_json::json!(7), serde_json::json!(null), serde_json::json!({&text: text})];
        for leaf in leaf {
            for document in [serde_json::json!({&key: leaf}), serde_json::json!([{&key: leaf}]), serde_json::json!({&key: [{&key: leaf}]})] {
                for format in FORMATS {
                    let _ = read(format, &document.to_string(), &Options::default());
                }
            }
        }
    }
}
