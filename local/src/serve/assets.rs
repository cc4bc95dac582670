//! The page's files, built in.

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::header::CONTENT_TYPE;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($path:literal, $kind:expr, $file:literal;)*) => {
        const ASSETS: &[(&str, &str, &str)] =
            &[$(($path, $kind, include_str!(concat!("../../assets/", $file)))),*];
    };
}

assets! {
    "/", HTML, "index.html";
    "/style.css", CSS, "style.css";
    "/icon.svg", SVG, "icon.svg";
    "/api.js", JS, "api.js";
    "/chart.js", JS, "chart.js";
    "/checks.js", JS, "checks.js";
    "/connections.js", JS, "connections.js";
    "/days.js", JS, "days.js";
    "/dom.js", JS, "dom.js";
    "/evidence.js", JS, "evidence.js";
    "/incident.js", JS, "incident.js";
    "/incidents.js", JS, "incidents.js";
    "/main.js", JS, "main.js";
    "/settings.js", JS, "settings.js";
    "/wait.js", JS, "wait.js";
}

/// Their routes.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.iter().fold(Router::new(), |router, &(path, kind, text)| {
        router.route(path, get(move || async move { ([(CONTENT_TYPE, kind)], text).into_response() }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_nothing_inline_and_loads_nothing_from_elsewhere() {
        let (_, _, page) = ASSETS[0];
        for inline in [" style=", " onclick=", "<style", "javascript:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        for (path, _, text) in ASSETS {
            for loading in
                ["src=\"http", "href=\"http", "url(http", "@import", "import(\"http", "from \"http"]
            {
                assert!(!text.contains(loading), "{path}: {loading}");
            }
            for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(markup), "{path}: {markup}");
            }
        }
    }
}
