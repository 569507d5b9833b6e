package fakesnowflake

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Result is Snowflake's answer to a statement. Its columns are texts.
type Result struct {
	Columns []string
	Rows    [][]any // strings, or nil for null
	Arrow   bool    // instead of JSON
	Changes bool    // the rows are the number of rows that the statement changed
	Chunk   int     // how many rows go into each part; 0: all into the first

	Refusal *Refusal // instead of rows
	Later   int      // how often the driver is first told to poll again
	Slow    bool     // no answer before the driver cancels
	Silent  bool     // no answer from then on
}

// The key to the chunks of a result.
const chunkKey = "the-key-of-the-chunks"

func (s *Server) reply(result Result) any {
	switch {
	case result.Refusal != nil:
		return result.Refusal.reply()
	case result.Later > 0:
		result.Later--
		path := s.keep(result)
		return reply{Success: true, Code: "333334", Data: map[string]any{"queryId": "01b4", "getResultUrl": path}}
	}
	first, rest := result.Rows, [][]any(nil)
	statementType := 0x1000 // a query
	if result.Changes {
		statementType = 0x3000
	}
	if result.Chunk > 0 && len(first) > result.Chunk {
		first, rest = first[:result.Chunk], first[result.Chunk:]
	}
	data := map[string]any{
		"queryId": "01b4", "rowtype": result.types(), "total": len(result.Rows), "returned": len(result.Rows),
		"statementTypeId": statementType, "queryResultFormat": "json", "qrmk": chunkKey,
	}
	if result.Arrow {
		data["queryResultFormat"] = "arrow"
		data["rowsetBase64"] = base64.StdEncoding.EncodeToString(s.arrow(result.Columns, first))
	} else {
		data["rowset"] = first
	}
	var chunks []map[string]any
	for len(rest) > 0 {
		part := rest[:min(result.Chunk, len(rest))]
		rest = rest[len(part):]
		chunks = append(chunks, map[string]any{
			"url":      s.URL() + s.keepChunk(result, part),
			"rowCount": len(part), "uncompressedSize": 1,
		})
	}
	data["chunks"] = chunks
	return reply{Success: true, Data: data}
}

func (r Result) types() []map[string]any {
	types := []map[string]any{}
	for _, name := range r.Columns {
		types = append(types, map[string]any{
			"name": name, "type": "text", "length": 16777216,
			"byteLength": 16777216, "nullable": true,
		})
	}
	return types
}

// keep stores a result at the path at which the driver is to poll.
func (s *Server) keep(result Result) (path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path = fmt.Sprintf("/queries/%d/result", len(s.pending))
	s.pending[path] = result
	return path
}

func (s *Server) result(r *http.Request) any {
	s.authorized(r, "session")
	s.mu.Lock()
	result, known := s.pending[r.URL.Path]
	s.mu.Unlock()
	if !known {
		s.t.Errorf("fakesnowflake: unknown result %s", r.URL.Path)
	}
	return s.reply(result)
}

// keepChunk stores rows at the path from which the driver fetches them, encoded as
// Snowflake does: JSON rows without the brackets around them.
func (s *Server) keepChunk(result Result, rows [][]any) (path string) {
	content := []byte{}
	if result.Arrow {
		content = s.arrow(result.Columns, rows)
	} else if list, err := json.Marshal(rows); err != nil {
		s.t.Errorf("fakesnowflake: %v", err)
	} else {
		content = list[1 : len(list)-1]
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(content)
	_ = zip.Close()

	s.mu.Lock()
	defer s.mu.Unlock()
	path = fmt.Sprintf("/chunks/%d", len(s.chunks))
	s.chunks[path] = packed.Bytes()
	return path
}

func (s *Server) chunk(r *http.Request) any {
	if key := r.Header.Get("x-amz-server-side-encryption-customer-key"); key != chunkKey {
		s.t.Errorf("fakesnowflake: chunk asked for with the key %q", key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	content, known := s.chunks[r.URL.Path]
	if !known {
		s.t.Errorf("fakesnowflake: unknown chunk %s", r.URL.Path)
	}
	return content
}

// arrow encodes rows as an Arrow stream.
func (s *Server) arrow(columns []string, rows [][]any) []byte {
	fields := make([]arrow.Field, len(columns))
	for i, name := range columns {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for _, row := range rows {
		for i, value := range row {
			column := builder.Field(i).(*array.StringBuilder)
			if value == nil {
				column.AppendNull()
			} else {
				column.Append(value.(string))
			}
		}
	}
	record := builder.NewRecord()
	defer record.Release()
	var stream bytes.Buffer
	writer := ipc.NewWriter(&stream, ipc.WithSchema(schema))
	if err := writer.Write(record); err != nil {
		s.t.Errorf("fakesnowflake: %v", err)
	}
	if err := writer.Close(); err != nil {
		s.t.Errorf("fakesnowflake: %v", err)
	}
	return stream.Bytes()
}
