// Renders templates as the generic-sidecar-injector does, with Go's own text/template: the oracle of the template engine.
//
// Reads one JSON object a line, {"template", "annotations", "serviceAccountName"}, and answers each with one line,
// {"text"} or {"error"}. With the argument "pod" it prints the fields of an empty pod instead.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"text/template"
	"unicode/utf8"

	yaml "gopkg.in/yaml.v2"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type question struct {
	Template           string            `json:"template"`
	Annotations        map[string]string `json:"annotations"`
	ServiceAccountName string            `json:"serviceAccountName"`
}

type answer struct {
	Text  *string `json:"text,omitempty"`
	Error string  `json:"error,omitempty"`
	// The text is not UTF-8: JSON cannot hold it.
	IsBroken bool `json:"isBroken,omitempty"`
}

// What one template may write; a loop without an end stops here.
const mostText = 1 << 20

type boundedText struct{ strings.Builder }

func (text *boundedText) Write(bytes []byte) (int, error) {
	if text.Len()+len(bytes) > mostText {
		return 0, errors.New("the text is too long")
	}
	return text.Builder.Write(bytes)
}

func fromYaml(text string) (any, error) {
	var value any
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

func render(asked question) (string, error) {
	functions := template.FuncMap{"fromYaml": fromYaml}
	parsed, err := template.New("t").Delims("{%", "%}").Funcs(functions).Parse(asked.Template)
	if err != nil {
		return "", err
	}
	var text boundedText
	err = parsed.Execute(&text, v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: asked.Annotations},
		Spec:       v1.PodSpec{ServiceAccountName: asked.ServiceAccountName},
	})
	return text.String(), err
}

func reply(asked question) answer {
	text, err := render(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: &text, IsBroken: !utf8.ValidString(text)}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "pod" {
		printPod()
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(reply(asked)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Flush()
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// One line for each field that a template can reach in an empty pod: path, type, kind, and how it is printed.
func printPod() {
	printFields("", reflect.ValueOf(v1.Pod{}))
}

func printFields(path string, value reflect.Value) {
	for i := range value.NumField() {
		field, of := value.Type().Field(i), value.Field(i)
		if !field.IsExported() {
			continue
		}
		kind := of.Kind().String()
		if field.Anonymous {
			kind = "embedded " + kind
		}
		at := path + "." + field.Name
		fmt.Printf("%s\t%s\t%s\t%v\n", at, field.Type, kind, printed(of))
		if of.Kind() == reflect.Struct && of.NumField() > 1 {
			printFields(at, of)
		}
	}
}

func printed(value reflect.Value) string {
	if value.Kind() == reflect.Struct {
		return ""
	}
	return fmt.Sprint(value.Interface())
}
