package engine

import "time"

// Limits, each named once. Reaching one gives an error that names it.
const (
	MaxIDBytes        = 256       // length of any id
	MaxBodyBytes      = 32 << 20  // of one request
	MaxSpoolBytes     = 4 << 30   // of an import that has to be laid down before it is read
	MaxBatchRecords   = 10_000    // records in one request
	MaxAtomicBytes    = 2 << 20   // of a batch with atomic=true: one transaction
	MaxLines          = 1_000     // items in one order
	MaxQuantity       = 1e9       // pieces in one line of an order, either way
	MaxTextBytes      = 256 << 10 // of an item's text, a ticket's message, a query
	MaxTitleBytes     = 4 << 10
	MaxAttributes     = 256     // of one item or customer
	MaxListValues     = 256     // in a list attribute, categories, applies_to
	MaxJSONDepth      = 16      // nesting of one record
	MaxRecordBytes    = 4 << 20 // of one record: an element of an array, a line of a file
	MaxCount          = 1_000
	MaxFilterBytes    = 16 << 10
	MaxFilterTerms    = 256
	MaxFilterDepth    = 32
	MaxBoosts         = 32
	MaxBoost          = 1e6 // of one boost, either way, so that sums stay finite
	MaxPins           = 100
	MaxConstraints    = 8
	MaxCategoryDepth  = 32     // of the part of a category path that a constraint counts
	MaxExcluded       = 10_000 // exclude_items in one request
	MaxBasket         = 1_000
	MaxMuted          = 1_000
	MaxRanked         = 1_000   // items of the caller's to put in order
	MaxBulkCustomers  = 100_000 // customers that one request for the lists of many names
	MaxPaged          = 2_000   // items shown on the pages of one list
	MaxCalls          = 1_000   // requests in one batch of them
	MaxFeedLoss       = 0.2     // part of the shown items that a whole feed may lack without being forced
	MaxTypes          = 256     // of interaction, with settings of their own
	MaxTypeWeight     = 1e3     // of one type, either way
	MaxPagesBytes     = 1 << 30 // of the pages of a Parquet file that are open at once, or of one that is held in memory
	MaxColumns        = 1_024   // of a Parquet file
	MaxZstdWindow     = 32 << 20
	MaxHalfLife       = 36_500 * 24 * time.Hour
	MaxMessages       = 1_000   // of one ticket
	MaxHistory        = 2_000   // distinct items of a history that are used for scoring
	ExactLimit        = 131_072 // eligible items up to which a list is surely the best there is
	MaxScenarios      = 1_000
	ModelsKept        = 3
	ModelChunkBytes   = 4_000               // of a saved model in one row: it fits a block of a table, 4 KiB
	ClockSkew         = 10 * time.Minute    // how far ahead of us an event's time may be
	ImpressionAge     = 30 * 24 * time.Hour // how long an answer can be replayed
	ReasonAge         = 24 * time.Hour      // how long its reasons are kept
	DefaultCount      = 10
	MaxEmbedding      = 4096
	MaxCatalogue      = 1 << 24
	MaxSuggestedFixes = 50
	MaxTopics         = 1_000  // sensitive words and phrases, of all languages together
	MaxTopicBytes     = 128    // of one of them
	MaxGapTickets     = 20_000 // newest tickets that knowledge gaps are looked for in
	MaxGaps           = 200    // that are told, the largest
	MaxHeeded         = 200    // products of one customer's open tickets that a list heeds, the newest tickets' first
)
