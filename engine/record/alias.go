package record

// foreignFields are the names other systems use for our fields, taken in every record,
// request and column.
var foreignFields = map[string]string{
	"eventId": "event_id", "eventType": "type", "event_type": "type",
	"userId": "customer_id", "user_id": "customer_id", "customerId": "customer_id",
	"sessionId": "session_id", "visitorId": "session_id", // Google's is a browser's
	"itemId": "item_id", "productId": "item_id",
	"timestamp": "at", "eventTime": "at", "event_time": "at",
	"orderId": "order_id", "transactionId": "order_id", "ticketId": "ticket_id",
	"recommId": "recommendation_id", "recommendationId": "recommendation_id",
	"searchQuery": "query", "currencyCode": "currency",
}

// foreignTypes are the names other systems use for our types of interaction: those of
// Google's retail events, of Recombee's interactions, and of common data sets.
var foreignTypes = map[string]string{
	// Google
	"detail-page-view":        "view",
	"add-to-cart":             "add_to_cart",
	"remove-from-cart":        "remove_from_cart",
	"purchase-complete":       "purchase",
	"home-page-view":          "home_page_view",
	"category-page-view":      "category_page_view",
	"shopping-cart-page-view": "shopping_cart_page_view",
	// Recombee
	"detailview":    "view",
	"cartaddition":  "add_to_cart",
	"detail_view":   "view",
	"cart_addition": "add_to_cart",
	// Retailrocket
	"addtocart":   "add_to_cart",
	"transaction": "purchase",
}
