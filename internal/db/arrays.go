package db

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// arrayTypes lets a pool's connections write the columns of a batch the short
// way. pgx inspects every element anew, and does not know the OIDs of the
// schema's domains: a run spent a third of its time on that.
type arrayTypes struct {
	domains atomic.Pointer[[]*pgtype.Type] // of the schema, and their arrays; nil: not found yet
}

// install makes every connection of the pool learn the schema's domains: at every
// use, not just the first, as a connection may be older than the schema.
func (a *arrayTypes) install(config *pgxpool.Config) {
	config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
		if err := a.addDomains(ctx, conn); err != nil {
			return false, fmt.Errorf("look for the schema's domains: %w", err)
		}
		return true, nil
	}
}

// addArrays puts our codec into those of Postgres' own types that batches use.
func addArrays(m *pgtype.Map) {
	// In the modes for poolers (exec, simple_protocol) nobody tells the type of
	// a parameter: pgx can write all slices of a batch except these.
	m.RegisterDefaultPgType([]uuid.UUID(nil), "_uuid")
	m.RegisterDefaultPgType([]*uuid.UUID(nil), "_uuid")
	for _, oid := range []uint32{
		pgtype.UUIDArrayOID, pgtype.TextArrayOID, pgtype.Int8ArrayOID, pgtype.Int4ArrayOID,
		pgtype.BoolArrayOID, pgtype.TimestamptzArrayOID, pgtype.JSONBArrayOID,
	} {
		t, _ := m.TypeForOID(oid) // pgx has them all
		if codec, ok := t.Codec.(*pgtype.ArrayCodec); ok {
			m.RegisterType(&pgtype.Type{Name: t.Name, OID: oid, Codec: &arrayCodec{codec, codec.ElementType.OID}})
		}
	}
}

// addDomains teaches the connection the schema's domains and their arrays. It
// asks the server until it finds them. Recreated domains have other OIDs and go
// pgx's way: slower, but just as right.
func (a *arrayTypes) addDomains(ctx context.Context, conn *pgx.Conn) error {
	types := a.domains.Load()
	if types == nil {
		found, err := findDomains(ctx, conn)
		if err != nil || len(found) == 0 {
			return err
		}
		types = &found
		a.domains.Store(types)
	}
	m := conn.TypeMap()
	if _, known := m.TypeForOID((*types)[0].OID); !known {
		m.RegisterTypes(*types)
	}
	return nil
}

// findDomains lists the domains of the schema, each with its array.
func findDomains(ctx context.Context, conn *pgx.Conn) ([]*pgtype.Type, error) {
	rows, err := conn.Query(ctx, `
		SELECT t.typname, t.oid, t.typarray, t.typbasetype
		FROM pg_type AS t
		JOIN pg_namespace AS n ON n.oid = t.typnamespace
		WHERE n.nspname = current_schema() AND t.typtype = 'd' AND t.typarray <> 0`)
	if err != nil {
		return nil, err
	}
	var types []*pgtype.Type
	var name string
	var oid, array, base uint32
	_, err = pgx.ForEachRow(rows, []any{&name, &oid, &array, &base}, func() error {
		if t, ok := conn.TypeMap().TypeForOID(base); ok {
			domain := &pgtype.Type{Name: "domain " + name, OID: oid, Codec: t.Codec}
			codec := &arrayCodec{&pgtype.ArrayCodec{ElementType: domain}, base}
			types = append(types, domain, &pgtype.Type{Name: domain.Name + "[]", OID: array, Codec: codec})
		}
		return nil
	})
	return types, err
}

// arrayCodec writes a batch's slices as binary arrays. pgx does the rest: other
// values, text, reading.
type arrayCodec struct {
	*pgtype.ArrayCodec

	base uint32 // OID of the elements' type, or of their domain's base type
}

// PlanEncode implements pgtype.Codec.
func (c *arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		if plan := c.plan(value); plan != nil {
			return plan
		}
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

func (c *arrayCodec) plan(value any) pgtype.EncodePlan {
	element := c.ElementType.OID // Postgres insists on the domain's, not the base's
	switch c.base {
	case pgtype.UUIDOID:
		return planFor(value, element, appendUUID)
	case pgtype.TextOID:
		return planFor(value, element, appendText)
	case pgtype.Int8OID:
		return planFor(value, element, appendBigint)
	case pgtype.Int4OID:
		return planFor(value, element, appendInteger)
	case pgtype.BoolOID:
		return planFor(value, element, appendBool)
	case pgtype.TimestamptzOID:
		return planFor(value, element, appendTimestamptz)
	case pgtype.JSONBOID:
		return planFor(value, element, appendJSONB)
	}
	return nil
}

// arrayPlan writes []T and []*T, where nil is NULL.
type arrayPlan[T any] struct {
	element uint32                        // OID
	write   func(buf []byte, v *T) []byte // appends *v; returns nil for NULL
}

// planFor returns nil if value is neither []T nor []*T.
func planFor[T any](value any, element uint32, write func([]byte, *T) []byte) pgtype.EncodePlan {
	switch value.(type) {
	case []T, []*T:
		return &arrayPlan[T]{element, write}
	}
	return nil
}

// Encode implements pgtype.EncodePlan, for Postgres' array_recv.
func (p *arrayPlan[T]) Encode(value any, buf []byte) ([]byte, error) {
	start := len(buf)
	switch values := value.(type) {
	case []T:
		if values == nil {
			return nil, nil
		}
		buf = appendHeader(buf, p.element, len(values))
		for i := range values {
			buf = p.appendElement(buf, &values[i], start)
		}
	case []*T:
		if values == nil {
			return nil, nil
		}
		buf = appendHeader(buf, p.element, len(values))
		for _, v := range values {
			buf = p.appendElement(buf, v, start)
		}
	default:
		return nil, fmt.Errorf("an array plan for other slices got %T", value)
	}
	return buf, nil
}

// hasNull is the offset in an array of the last byte of the flag for NULLs.
const hasNull = 7

func appendHeader(buf []byte, element uint32, length int) []byte {
	dimensions := byte(1)
	if length == 0 {
		dimensions = 0
	}
	buf = append(buf, 0, 0, 0, dimensions, 0, 0, 0, 0)
	buf = binary.BigEndian.AppendUint32(buf, element)
	if length > 0 {
		buf = binary.BigEndian.AppendUint32(buf, uint32(length)) //nolint:gosec // of a batch's columns
		buf = binary.BigEndian.AppendUint32(buf, 1)              // index of the first element
	}
	return buf
}

func (p *arrayPlan[T]) appendElement(buf []byte, v *T, array int) []byte {
	length := len(buf)
	buf = append(buf, 0xff, 0xff, 0xff, 0xff) // -1: NULL
	if v != nil {
		if written := p.write(buf, v); written != nil {
			binary.BigEndian.PutUint32(written[length:], uint32(len(written)-length-4)) //nolint:gosec // Postgres takes no gigabyte
			return written
		}
	}
	buf[array+hasNull] = 1
	return buf
}

func appendUUID(buf []byte, v *uuid.UUID) []byte { return append(buf, v[:]...) }

func appendText(buf []byte, v *string) []byte { return append(buf, *v...) }

func appendBigint(buf []byte, v *int64) []byte {
	return binary.BigEndian.AppendUint64(buf, uint64(*v)) //nolint:gosec // two's complement
}

func appendInteger(buf []byte, v *int32) []byte {
	return binary.BigEndian.AppendUint32(buf, uint32(*v)) //nolint:gosec // two's complement
}

func appendBool(buf []byte, v *bool) []byte {
	if *v {
		return append(buf, 1)
	}
	return append(buf, 0)
}

// appendJSONB writes the version of the format before the text.
func appendJSONB(buf []byte, v *json.RawMessage) []byte {
	if *v == nil {
		return nil
	}
	return append(append(buf, 1), *v...)
}

// Postgres' timestamps, in seconds from 2000 UTC:
// src/include/datatype/timestamp.h.
const (
	epoch2000     = 946_684_800       // from 1970
	minTimestamp  = -211_813_488_000  // 4714-11-24 BC
	endTimestamp  = 9_223_371_331_200 // 294277-01-01
	lateTimestamp = 1<<63 - 2         // µs that Postgres refuses; one more is infinity
)

// appendTimestamptz writes µs from 2000 UTC. A time beyond Postgres' range goes
// as one it refuses, SQLSTATE 22008; the number itself would overflow into another time.
func appendTimestamptz(buf []byte, v *time.Time) []byte {
	micros := int64(lateTimestamp)
	if s := v.Unix() - epoch2000; s >= minTimestamp && s < endTimestamp {
		micros = s*1_000_000 + int64(v.Nanosecond()/1000)
	}
	return binary.BigEndian.AppendUint64(buf, uint64(micros))
}
