//! Names from one convention in another: `shopifyApi` → `shopify_api`, `SHOPIFY_API`, `shopify-api`.

/// The words of a camelCase, kebab-case or snake_case name, lower case. `OAuth2` is one word.
fn words(name: &str) -> Vec<String> {
    let name = name.replace("OAuth", "Oauth").replace("oAuth", "oauth");
    let chars: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            before = None;
            continue;
        }
        let next_is_lower = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase() && before.is_some_and(|b| !b.is_ascii_uppercase() || next_is_lower);
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A field's name in our convention: `shopSubdomain` → `shop_subdomain`. Characters other than ASCII letters and digits
/// separate words; may be empty.
pub fn snake_case(name: &str) -> String {
    words(name).join("_")
}

/// A variable's name for an n8n type: `googleSheetsOAuth2Api` → `GOOGLE_SHEETS_OAUTH2_API`.
///
/// Always `[A-Z][A-Z0-9_]*` and at most 56 characters, so that there is room for `_2` and so on below the limit of 63.
pub fn upper_snake(name: &str) -> String {
    let mut out = snake_case(name).to_ascii_uppercase();
    if !out.starts_with(|c: char| c.is_ascii_uppercase()) {
        out = if out.is_empty() {
            "CREDENTIAL".to_owned()
        } else {
            format!("CREDENTIAL_{out}")
        };
    }
    out.truncate(56);
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// A service's id for a name that the catalogue doesn't have: `acmeCrmApi` → `acme-crm`. Never empty.
pub fn service_slug(n8n_type: &str) -> String {
    let mut words = words(n8n_type);
    while words.len() > 1
        && words
            .last()
            .is_some_and(|w| matches!(w.as_str(), "api" | "oauth2" | "oauth1" | "oauth"))
    {
        words.pop();
    }
    let mut slug = words.join("-");
    slug.truncate(60);
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() { "custom".to_owned() } else { slug }
}

/// `name` without anything but ASCII letters and digits, lower case: what two spellings of one name share.
pub(crate) fn squeeze(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, snake: &str, upper: &str, slug: &str) {
        assert_eq!(snake_case(name), snake);
        assert_eq!(upper_snake(name), upper);
        assert_eq!(service_slug(name), slug);
    }

    #[test]
    fn names_change_convention() {
        check("shopifyApi", "shopify_api", "SHOPIFY_API", "shopify");
        check(
            "httpHeaderAuth",
            "http_header_auth",
            "HTTP_HEADER_AUTH",
            "http-header-auth",
        );
        check(
            "googleSheetsOAuth2Api",
            "google_sheets_oauth2_api",
            "GOOGLE_SHEETS_OAUTH2_API",
            "google-sheets",
        );
        check("oAuth2Api", "oauth2_api", "OAUTH2_API", "oauth2");
        check("haloPSAApi", "halo_psa_api", "HALO_PSA_API", "halo-psa");
        check("n8nApi", "n8n_api", "N8N_API", "n8n");
        check("aws", "aws", "AWS", "aws");
        check("mocean-api-key", "mocean_api_key", "MOCEAN_API_KEY", "mocean-api-key");
        check("", "", "CREDENTIAL", "custom");
        check("8x8 Füller", "8x8_f_ller", "CREDENTIAL_8X8_F_LLER", "8x8-f-ller");
    }

    #[test]
    fn a_variable_name_leaves_room_for_its_number() {
        let name = upper_snake(&"veryLongType".repeat(40));
        assert!(name.len() <= 56);
        assert!(!name.ends_with('_'));
    }
}
