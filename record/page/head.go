package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html"
	"strings"
)

//go:embed web
var web embed.FS

// scripts are the page's, in the order in which they make up one.
var scripts = []string{"data.js", "dom.js", "filter.js", "scale.js", "timeline.js", "pointer.js", "overview.js", "table.js", "summary.js", "detail.js", "controls.js", "page.js"}

// file is one of the embedded files. That it is there was seen by the compiler
// and by the first test.
func file(name string) string {
	text, _ := web.ReadFile("web/" + name)
	return string(text)
}

// head is the page up to its data. The script comes before them, so that a
// page without an end works, too.
func head(title string) []byte {
	var script strings.Builder
	script.WriteString("(() => {\n'use strict';\n")
	for _, name := range scripts {
		script.WriteString(file(name))
	}
	script.WriteString("})();\n")
	style := file("page.css")
	// Trusted types: a browser that knows them refuses to make markup of text.
	policy := "default-src 'none'; script-src " + hash(script.String()) + "; style-src " + hash(style) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	return []byte(strings.NewReplacer("@POLICY@", policy, "@TITLE@", html.EscapeString(title),
		"@STYLE@", style, "@SCRIPT@", script.String()).Replace(file("page.html")))
}

// hash is an inline element's in a Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
