// Command kubectl-reader answers which objects `kubectl apply` would send for a text or for paths: it reads them with
// kubectl's own packages, without a cluster. Each line of its input is a question in JSON, {"text": base64} or
// {"paths": [...]}; each line of its output is the answer, {"objects": [...], "error": "..."}, in the same order.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
)

type question struct {
	Text  []byte   `json:"text"`
	Paths []string `json:"paths"`
}

type answer struct {
	Objects []json.RawMessage `json:"objects"`
	Error   string            `json:"error,omitempty"`
}

// version is that of k8s.io/cli-runtime; the build sets it.
var version string

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(version)
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kubectl-reader:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	questions := bufio.NewReaderSize(in, 1<<20)
	answers := bufio.NewWriterSize(out, 1<<20)
	encoder := json.NewEncoder(answers)
	encoder.SetEscapeHTML(false)
	for {
		line, err := questions.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var asked question
			if err := json.Unmarshal(line, &asked); err != nil {
				return err
			}
			if err := encoder.Encode(read(asked)); err != nil {
				return err
			}
			// Whoever asks one question at a time waits for its answer.
			if questions.Buffered() == 0 {
				if err := answers.Flush(); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			return answers.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// read does what `kubectl apply` does before it sends: see ApplyOptions.GetObjects in k8s.io/kubectl/pkg/cmd/apply.
func read(asked question) answer {
	builder := resource.NewLocalBuilder().Unstructured().ContinueOnError()
	if asked.Paths != nil {
		options := &resource.FilenameOptions{Filenames: asked.Paths, Recursive: true}
		builder = builder.FilenameParam(false, options)
	} else {
		// The same decoder as that of resource.FileVisitor.
		decoder := unicode.BOMOverride(unicode.UTF8.NewDecoder())
		builder = builder.Stream(transform.NewReader(bytes.NewReader(asked.Text), decoder), "text")
	}
	infos, err := builder.Flatten().Do().Infos()
	said := answer{Objects: make([]json.RawMessage, 0, len(infos))}
	if err != nil {
		said.Error = err.Error()
	}
	for _, info := range infos {
		content, ok := info.Object.(runtime.Unstructured)
		if !ok {
			return answer{Objects: said.Objects, Error: fmt.Sprintf("read a %T", info.Object)}
		}
		encoded, err := json.Marshal(content.UnstructuredContent())
		if err != nil {
			return answer{Objects: said.Objects, Error: err.Error()}
		}
		said.Objects = append(said.Objects, encoded)
	}
	return said
}
