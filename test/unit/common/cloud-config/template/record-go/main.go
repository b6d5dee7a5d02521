// Records what Go's text/template prints with Sprig's functions for the templates on the lines of the standard input:
//
//	go run . <templates.txt >../sprig-cases.json
//
// A template that fails is recorded as null. Nothing in the tests needs Go; run this only to add cases.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func expand(text string) (out *string) {
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	parsed, err := template.New("case").Funcs(sprig.TxtFuncMap()).Parse(text)
	if err != nil {
		return nil
	}
	var buffer bytes.Buffer
	if parsed.Execute(&buffer, map[string]interface{}{}) != nil {
		return nil
	}
	result := buffer.String()
	return &result
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	separator := "[\n"
	for lines.Scan() {
		pair := []interface{}{lines.Text(), expand(lines.Text())}
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(pair); err != nil {
			panic(err)
		}
		fmt.Print(separator, "  ", string(bytes.TrimSpace(line.Bytes())))
		separator = ",\n"
	}
	fmt.Print("\n]\n")
}
