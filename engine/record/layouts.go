package record

import "time"

// layouts is the data of the presets; a new one is a new entry.
var layouts = []layout{
	// MovieLens: ratings.csv of 2015 and later, u.data of 100K, ratings.dat of 1M.
	{
		preset: "movielens", of: eventSchema.what, header: []string{"userId", "movieId", "rating", "timestamp"},
		mapping: "userId=customer_id,movieId=item_id,rating=value,timestamp=at,type:=rating",
	},
	{
		preset: "movielens", of: eventSchema.what, delimiter: '\t', columns: []string{"user", "item", "rating", "time"},
		mapping: "user=customer_id,item=item_id,rating=value,time=at,type:=rating",
	},
	{
		preset: "movielens", of: eventSchema.what, delimiter: ':', twice: true, columns: []string{"user", "item", "rating", "time"},
		mapping: "user=customer_id,item=item_id,rating=value,time=at,type:=rating",
	},
	// Its movies: movies.csv, u.item of 100K (a flag a genre), movies.dat of 1M.
	{
		preset: "movielens", of: itemSchema.what, header: []string{"movieId", "title", "genres"},
		mapping: "movieId=item_id,genres=categories", void: "(no genres listed)",
	},
	{
		preset: "movielens", of: itemSchema.what, delimiter: '|', texts: true, latin1: true, columns: []string{
			"movie", "title", "released", "video", "imdb", "unknown", "action", "adventure", "animation", "children", "comedy", "crime",
			"documentary", "drama", "fantasy", "film_noir", "horror", "musical", "mystery", "romance", "sci_fi", "thriller", "war", "western",
		},
		mapping: "movie=item_id,released=attributes.released,video=-,imdb=url,unknown=-,action=categories.Action,adventure=categories.Adventure," +
			"animation=categories.Animation,children=categories.Children's,comedy=categories.Comedy,crime=categories.Crime,documentary=categories.Documentary," +
			"drama=categories.Drama,fantasy=categories.Fantasy,film_noir=categories.Film-Noir,horror=categories.Horror,musical=categories.Musical," +
			"mystery=categories.Mystery,romance=categories.Romance,sci_fi=categories.Sci-Fi,thriller=categories.Thriller,war=categories.War,western=categories.Western",
	},
	{
		preset: "movielens", of: itemSchema.what, delimiter: ':', twice: true, texts: true, latin1: true, columns: []string{"movie", "title", "genres"},
		mapping: "movie=item_id,genres=categories",
	},
	// Its people: u.user of 100K, users.dat of 1M.
	{
		preset: "movielens", of: customerSchema.what, delimiter: '|', texts: true, columns: []string{"user", "age", "gender", "occupation", "zip"},
		mapping: "user=customer_id,age=attributes.age:number,gender=attributes.gender,occupation=attributes.occupation,zip=attributes.zip",
	},
	{
		preset: "movielens", of: customerSchema.what, delimiter: ':', twice: true, texts: true, columns: []string{"user", "gender", "age", "occupation", "zip"},
		mapping: "user=customer_id,age=attributes.age:number,gender=attributes.gender,occupation=attributes.occupation,zip=attributes.zip",
	},
	// RecBole's atomic files: name:type columns.
	{
		preset: "recbole", of: eventSchema.what, header: []string{"user_id:token", "item_id:token", "rating:float"},
		mapping: "user_id:token=customer_id,item_id:token=item_id,rating:float=value,timestamp:float=at,type:=rating",
	},
	{
		preset: "recbole", of: eventSchema.what, header: []string{"user_id:token", "item_id:token"},
		mapping: "user_id:token=customer_id,item_id:token=item_id,timestamp:float=at,type:=view",
	},
	{
		preset: "recbole", of: eventSchema.what, header: []string{"session_id:token", "item_id:token"},
		mapping: "session_id:token=session_id,item_id:token=item_id,timestamp:float=at,type:=view",
	},
	{
		preset: "recbole", of: itemSchema.what, header: []string{"item_id:token"}, suffixed: true, sep: " ",
		mapping: "item_id:token=item_id,movie_title:token_seq=title,title:token_seq=title,title:token=title,genre:token_seq=categories,categories:token_seq=categories,price:float=price",
	},
	{
		preset: "recbole", of: customerSchema.what, header: []string{"user_id:token"}, suffixed: true, sep: " ",
		mapping: "user_id:token=customer_id",
	},
	// Retailrocket's events.csv.
	{
		preset: "retailrocket", of: eventSchema.what, header: []string{"timestamp", "visitorid", "event", "itemid", "transactionid"},
		mapping: "timestamp=at,visitorid=customer_id,event=type,itemid=item_id,transactionid=order_id",
	},
	// Gorse: the CSV its dashboard exports, and the JSON of its API.
	{
		preset: "gorse", of: eventSchema.what, header: []string{"feedback_type", "user_id", "item_id", "time_stamp"}, clock: gorseClock,
		mapping: "feedback_type=type,user_id=customer_id,item_id=item_id,time_stamp=at",
	},
	{
		preset: "gorse", of: itemSchema.what, header: []string{"item_id", "is_hidden", "categories", "time_stamp", "labels", "description"}, clock: gorseClock,
		mapping: "is_hidden=hidden,time_stamp=published,labels=attributes.labels:list,description=title",
	},
	{
		preset: "gorse", of: customerSchema.what, header: []string{"user_id", "labels"},
		mapping: "user_id=customer_id,labels=attributes.labels:list",
	},
	{
		preset: "gorse", of: eventSchema.what, objects: true,
		mapping: "FeedbackType=type,UserId=customer_id,ItemId=item_id,Timestamp=at,Comment=properties.comment",
	},
	{
		preset: "gorse", of: itemSchema.what, objects: true,
		mapping: "ItemId=item_id,IsHidden=hidden,Categories=categories,Timestamp=published,Labels=attributes.labels:list,Comment=title",
	},
	{
		preset: "gorse", of: customerSchema.what, objects: true,
		mapping: "UserId=customer_id,Labels=attributes.labels:list,Subscribe=-,Comment=attributes.comment",
	},
	// Zendesk's articles and tickets, whose keys zendesk.go knows.
	{preset: guidePreset, of: itemSchema.what, objects: true},
	{preset: zendeskPreset, of: ticketSchema.what, objects: true},
	// Open Bandit (Saito et al. 2020): a policy's choices with their propensities.
	{
		preset: "open-bandit", of: roundSchema.what, header: []string{"item_id", "position", "click", "propensity_score"},
		mapping: "click=reward,propensity_score=propensity",
	},
	// UCI Online Retail I and II. Its times name no zone and are read as UTC.
	{
		preset: "uci-online-retail", of: orderSchema.what, header: []string{"InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"},
		zone: time.UTC, clock: uciClock, latin1: true,
		mapping: "InvoiceNo=order_id,StockCode=item_id,Description=-,Quantity=quantity,InvoiceDate=at,UnitPrice=price,CustomerID=customer_id,Country=properties.country,currency:=GBP",
	},
	{
		preset: "uci-online-retail", of: orderSchema.what, header: []string{"Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"},
		zone: time.UTC, clock: uciClock, latin1: true,
		mapping: "Invoice=order_id,StockCode=item_id,Description=-,Quantity=quantity,InvoiceDate=at,Price=price,Customer ID=customer_id,Country=properties.country,currency:=GBP",
	},
	{
		preset: "uci-online-retail", of: itemSchema.what, header: []string{"InvoiceNo", "StockCode", "Description"}, latin1: true, once: true,
		mapping: "StockCode=item_id,Description=title,InvoiceNo=-,Quantity=-,InvoiceDate=-,UnitPrice=-,CustomerID=-,Country=-",
	},
	{
		preset: "uci-online-retail", of: itemSchema.what, header: []string{"Invoice", "StockCode", "Description"}, latin1: true, once: true,
		mapping: "StockCode=item_id,Description=title,Invoice=-,Quantity=-,InvoiceDate=-,Price=-,Customer ID=-,Country=-",
	},
}

const (
	gorseClock = "2006-01-02T15:04:05 -0700 MST" // as Go prints times; the space before the hour is read as a T
	uciClock   = "1/2/2006 15:04"                // of its spreadsheets saved as CSV
)
