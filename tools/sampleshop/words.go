package main

import (
	"regexp"
	"strings"
)

// rule gives its value to the descriptions that hold one of its phrases. Phrases
// are whole words, also in the plural. An exception is a rule that stands earlier.
type rule struct {
	value   string
	phrases *regexp.Regexp
}

// says builds a rule from phrases separated by "|". They are matched against plainWords.
func says(value, phrases string) rule {
	return rule{value, regexp.MustCompile(` (?:` + phrases + `)(?:S|ES)? `)}
}

func (r rule) matches(words string) bool { return r.phrases.MatchString(words) }

const unsorted = "other"

// spellings makes words equal that the shop writes in several ways.
var spellings = strings.NewReplacer(
	" TEALIGHT ", " T LIGHT ", " TEA LIGHT ", " T LIGHT ", " T LIGHTS ", " T LIGHT ", " TEA LIGHTS ", " T LIGHT ",
	" XMAS ", " CHRISTMAS ", " CAKESTAND ", " CAKE STAND ", " HLDR ", " HOLDER ",
	" CANDLEHOLDER ", " CANDLE HOLDER ", " COATHANGER ", " COAT HANGER ", " CARDHOLDER ", " CARD HOLDER ",
	" DRAWERKNOB ", " DRAWER KNOB ", " DOORSIGN ", " DOOR SIGN ", " TURQ ", " TURQUOISE ",
	" DOILEY ", " DOILY ", " MEMOBOARD ", " MEMO BOARD ", " BLACKBLUE ", " BLACK BLUE ", " PINKWHITE ", " PINK WHITE ",
	" MULTI COLOUR ", " MULTICOLOUR ", " MULTICOL ", " MULTICOLOUR ", " SQUARECUSHION ", " CUSHION ",
	" CHOCOLATECANDLE ", " CHOCOLATE CANDLE ", " BAROQUECANDLESTICK ", " CANDLESTICK ",
)

// kinds says what a product is. The first rule that fits wins, so the particular
// stands before the general ("CAKE CASES" before "CASES", "PEG BAG" before "BAG").
var kinds = []rule{
	says("home/cushions and textiles", `CUSHION COVER|CUSHION OWL|FLOOR CUSHION|SEAT CUSHION`),
	says("home/doorstops", `DOORSTOP|DOOR STOP`),
	says("home/wall art", `WALL ART`),
	says("pets", `(?:CAT|DOG) BOWL|(?:CAT|DOG) FOOD|BIRD FEEDER|FEEDING STATION`),
	says("home/tools", `SCREWDRIVER|SPIRIT LEVEL`),
	says("home/furniture", `CUTLERY SHELF|CUTLERY CUPBOARD|LOVE SEAT`),
	says("home/magnets", `FRIDGE MAGNET|JAR MAGNET`),
	says("bathroom", `LIP GLOSS`),
	says("toys/games", `CATCH CUP`),
	says("bags/lunch bags", `LUNCH BAG`),
	says("kitchen/lunch boxes", `LUNCH BOX|SNACK BOX(?:ES)?|PICNIC BOX(?:ES)?|FOOD CONTAINER|ROUND CONTAINER`),
	says("bags/jumbo bags", `JUMBO BAG|JUMBO SHOPPER|JUMBO STORAGE BAG`),
	says("garden/picnic", `PICNIC|HAMMOCK|BUG|FLY SWAT`),
	says("party/party bags", `PARTY BAG`),
	says("home/laundry", `PEG BAG|CLOTHES PEG|DOLLY PEG|IRONING BOARD|LAUNDRY`),
	says("stationery/gift bags", `GIFT BAG|GIFT SACK|BOTTLE BAG|PAPER BAG`),
	says("bags/shoppers", `SHOPPER|SHOPPING BAG|TOTE BAG|CHARLOTTE BAG|RECYCLING BAG|STORAGE BAG`),
	says("bags/travel", `CABIN BAG|OVERNIGHT BAG|AIRLINE BAG|LUGGAGE TAG|PASSPORT COVER|CARD WALLET`),
	says("bags/washbags", `WASHBAG|WASH BAG|COSMETICS? BAG`),
	says("bags/children's bags", `BACKPACK|KIDS BAG|POCKET BAG`),
	says("bags/purses and handbags", `PURSE|HANDBAG|HAND BAG|SHOULDER BAG|EVENING BAG`),
	says("jewellery/charms and key rings", `BAG CHARM|PHONE CHARM|KEY ?RING|KEY FOB|KEY CHAIN`),

	says("home/hot water bottles and warmers", `HOT WATER BOTTLE|WOOLLY HOTTIE|HAND WARMER|POCKET WARMER|SLIPPER SHOE`),
	says("home/lighting/lamps", `LAMP|LAMPSHADE|TABLE LIGHT|TORCH|LIGHTBULB|BEDSIDE LIGHT|DISCO BALL ROTATOR`),
	says("home/lighting/night lights", `NIGHT LIGHT|NIGHTLIGHT`),
	says("home/lighting/led t-lights", `LED T LIGHT`),
	says("home/lighting/t-light holders", `T LIGHT HOLDER|T LIGHT GLASS|GLASS T LIGHT|GLASS HANGING T LIGHT|CHANDELIER T LIGHT|VOTIVE HOLDER|SILVER T LIGHT GLASS|HANGING T LIGHT`),
	says("home/lighting/candle holders", `CANDLE HOLDER|CANDLESTICK|CANDLE STICK|CANDLEPOT|CANDLE POT|CANDLE PLATE|CANDLE STAND|CANDLE BOWL|CANDLE SPIKE|CANDELABRA|FOR CANDLE|OIL BURNER`),
	says("home/lighting/lanterns", `LANTERN FAIRY LIGHT`),
	says("home/lighting/fairy lights", `FAIRY LIGHT|CHILLI LIGHT|OWL LIGHT|DOLLY LIGHT|LIGHT GARLAND|CHRISTMAS LIGHT|LIGHTS STRING|BITTY LIGHT|ART LIGHT|MINI LIGHT|BALL 20 LIGHT|BIRD LIGHT`),
	says("home/lighting/lanterns", `LANTERN|CHANDELIER`),
	says("party/birthday candles", `BIRTHDAY CANDLE|PARTY CANDLE|CELEBRATION CANDLE`),
	says("home/fragrance/incense", `INCENSE`),
	says("home/candles", `CANDLE|T LIGHT`),
	says("home/fragrance/scented decorations", `SCENTED|SCENT|LAVENDER SCENT`),
	says("home/matches", `MATCH`),

	says("kitchen/baking/cake cases", `CAKE CASE|FOUR CASE|BAKING CASE|CUP CAKE CASE|CAKE FRILL|CUPCAKE LACE`),
	says("kitchen/baking/cake stands and plates", `CAKE STAND|CAKE PLATE|CAKE CARRIER|CAKE SLICE|CAKE FORK|CLOCHE`),
	says("kitchen/storage tins", `CAKE TIN|BISCUIT TIN|STORAGE TIN|SPICE TIN|HERB TIN|KNICK KNACK TIN|SUGAR TIN|ROUND TIN|TREASURE TIN|BISCUIT BARREL|TEA CADDY|BREAD BIN|TINS VINTAGE|FIGURES TIN|TINS? JARDIN`),
	says("kitchen/food covers", `FOOD COVER`),
	says("kitchen/baking", `BAKING|COOKIE CUTTER|BISCUIT CUTTER|JELLY MOULD|ROLLING PIN|PASTRY BRUSH|MEASURING JUG|MEASURING SPOON|MIXING BOWL|CAKE DECORATION|TOAST ITS|LOLLY MAKER|LOLLY MOULD|JAM MAKING|CAKE CHOPSTICK`),
	says("kitchen/scales", `KITCHEN SCALE`),
	says("kitchen/aprons and gloves", `APRON|OVEN GLOVE|OVEN MITT|WASHING UP GLOVE|KNITTED MUG COSY`),
	says("kitchen/tea towels and cloths", `TEA TOWEL|TABLECLOTH|TEA COSY`),
	says("party/tableware", `PAPER CUP|PAPER PLATE|PAPER NAPKIN|NAPKINS|STRAW|COCKTAIL SWORD|COCKTAIL PARASOL|DISPOSABLE|PLACE SETTING|DOILIE|PIZZA DISH|POPCORN HOLDER|TABLE DECORATION`),
	says("kitchen/children's tableware", `CHILDRENS CUTLERY|CHILDS BREAKFAST|(?:CHILDRENS|CHILDREN'S) .*(?:MUG|CUP|BOWL)|BABY GIFT SET|EGG CUP|BEAKER|BABY BIB`),
	says("kitchen/mugs and cups", `MUG|TEACUP|TEA CUP|COFFEE CUP|CUP|CUP AND SAUCER`),
	says("kitchen/tea and coffee", `TEAPOT|COFFEE SET|TEA STRAINER|SUGAR BOWL|SUGAR TONG|MILK JUG|TEA PLATE|TEA SPOON|TEASPOON|TEA FOR ONE|TEA SET|SUGAR JAR|COFFEE SUGAR|COFFEE CONTAINER|TEA GLASS|SUGAR DISPENSER|TOASTRACK|COFFEE GRINDER|TEA BAG PLATE|MUG WARMER`),
	says("kitchen/glasses and jars", `STORAGE JAR|COOKIE JAR|JAM JAR|BON BON JAR|MEASURING JAR|GLASS JAR|SWEET JAR|JAM POT|MILK BOTTLE|CHAMPAGNE GLASS|TUMBLER|SUNDAE|GLASS JUG|D O F GLASS|FLASK|BEURRE DISH|HOME BOTTLE|APOTHECARY BOTTLE|MINI BOTTLE|MINI COLOURED BOTTLE|FINGER BOWL|PEDESTAL BOWL`),
	says("kitchen/cookware", `FRYING PAN|MILK PAN|SAUCEPAN|COLANDER|LADLE|WHISK|SPATULA|APPLE CORER|CHOPPING BOARD|SPOON REST|BOTTLE OPENER|EGG HOLDER|EGG BASKET|EGG WARMER|EGG COSY|RECIPE BOX|RECIPE BOOK|BOOK STAND|WASHING UP BRUSH|SCRUBBING BRUSH|KITCHEN ORGANISER`),
	says("kitchen/coasters and placemats", `COASTER|PLACEMAT|NAPKIN RING|NAPKIN CHARM`),
	says("home/magnets", `MAGNET|MAGNETIC`),
	says("kitchen/cutlery", `CUTLERY SET|BLACK CUTLERY|PISTACHIO CUTLERY|RED CUTLERY|ROSE CUTLERY|BLUE CUTLERY|CUTLERY|SPOON|CHOPSTICK`),
	says("home/trays", `TRAY CHIC|DINNER TRAY|BREAKFAST IN BED|PLASTIC .* TRAY|MOD TRAY|TRAYS HOME`),

	says("party/bunting and garlands", `BUNTING|PENNANT|PAPER CHAIN|HONEYCOMB|GARLAND|CORDON BARRIER`),
	says("party/balloons", `BALLOON`),
	says("party/supplies", `CONFETTI|PARTY CONE|PARTY INVITE|SOMBRERO|TIARA|LEI|GRASS SKIRT|CRACKER|BUBBLE|PARTY CHARM`),
	says("stationery/gift wrap", `WRAP|GIFT TAPE|GIFT TAG|RIBBON|WRAPPING PAPER|TAPES|CATS TAPE|SKULLS TAPE|RETROSPOT TAPE|PANNETONE`),
	says("home/card holders and memo boards", `CARD HOLDER|MEMO BOARD|CHALKBOARD|BLACKBOARD|BLACK BOARD|MEMO HOLDER|PHOTO CLIP|NOTICE BOARD|LETTER RACK|LETTER HOLDER|LETTER TRAY|WALL ORGANISER|WALL TIDY|PEGS PHOTO`),
	says("toys/games", `STICKY BUNN(?:Y|IE)|PLAYING CARD|CARD GAME|SNAP CARD|DOMINOES|LUDO|SNAKES LADDERS|SNAKES & LADDERS|BINGO|JIGSAW|SKITTLE|DONKEY TAIL|CROSS|PICK UP STICK|SKIPPING ROPE|CROQUET|ROUNDERS|SPINNING TOP|SPORTING FUN|FLYING DISC|MARBLES|PUZZLE`),
	says("stationery/cards", `CARD|POSTCARD`),
	says("stationery/notebooks", `NOTEBOOK|JOURNAL|POCKET BOOK|SKETCHBOOK|EXERCISE BOOK|NOTE BOOK|ADDRESS BOOK|NOTEPAD|STATIONERY SET|WRITING SET|MESSAGE CARD|ENVELOPE|BOOK MARK|CALENDAR FAMILY|CALENDAR IN|CALENDAR PAPER`),
	says("stationery/pens and pencils", `PENCIL|PEN|CRAYON|CHALK STICK|CHALK|RULER|ERASER|RUBBER|SHARPENER|DOGGY RUBBER|CALCULATOR|TAPE DISPENSER|OFFICE TIDY`),
	says("stationery/stickers and stamps", `STICKER|STAMP SET|STAMP|TATTOO|BADGE|PATCH`),
	says("stationery/tissues", `TISSUE`),

	says("toys/drawing and craft", `DRAWING SLATE|STENCIL|COLOURING SET|PAINT SET|PAINT YOUR OWN|MODELLING CLAY|KNITTING NANCY|CHRISTMAS CRAFT|SOCK PUPPET|MAKE YOUR OWN|PAPER FLOWER|GROWING FROM`),
	says("craft/sewing and felt", `SEWING|FELTCRAFT|FELT CRAFT|KNITTING KIT|MEASURING TAPE|TAPE MEASURE|PIN CUSHION|BUTTON BOX|REPAIR KIT|SCISSOR|SEWING KIT`),
	says("toys/dolls and soft toys", `SOFT TOY|DOLL|TEDDY|PONY|NINJA RABBIT|TEDDY BEAR|MOUSE TOY|DOG TOY|SPACE OWL|SPACE CADET|BABY MOUSE|GINGHAM CAT|STRIPEY MICE|SCOTTIE DOG`),
	says("toys/children", `PLAYHOUSE|ALPHABET BLOCK|JIGSAW BLOCK|NESTING BOX|TOY|HELICOPTER|HARMONICA|GLIDER|WHEELBARROW|SEASIDE BUCKET|BEACH SPADE|WINDMILL|CREEPY CRAWLIE|SNAKE|SANDCASTLE|BOOM BOX|HEIGHT CHART|CHILDS GARDEN|MONEY BOX|MONEY BANK|PIGGY BANK|NURSERY|MINI CASE|INFLATABLE|WATER BOMB|RATTLE`),
	says("fashion/umbrellas and rainwear", `UMBRELLA|RAIN MAC|RAIN HAT|PONCHO|PAPER PARASOL|EDWARDIAN PARASOL|DECORATIVE PARASOL`),
	says("garden", `GARDEN|PLANTER|PLANT POT|FLOWERPOT|WATERING CAN|HERB MARKER|BIRD ?HOUSE|DOVECOTE|PLANT HOLDER|GNOME|PARASOL|SEED|TWINE|GROW|KNEELING|THERMOMETER|FLOWER POT|PLANT LADDER|FIRE BUCKET`),

	says("home/doormats", `DOORMAT|ACAPULCO MAT`),
	says("home/signs", `SIGN|DOOR HANGER|NUMBER TILE|WALL PLAQUE|BLOCK WORD|BLOCK LETTER|WOOD LETTER|PAINTED LETTER|NUMBER`),
	says("home/clocks", `CLOCK|DOORBELL`),
	says("home/hooks and hangers", `HOOK|HANGER|COAT RACK|KEY HOLDER|KEY CABINET|FOUR HOOK`),
	says("home/knobs and handles", `KNOB|DOORKNOB`),
	says("home/frames", `FRAME|PHOTO CUBE`),
	says("home/mirrors", `MIRROR|MIRROR CORNICE|COMPACT`),
	says("home/wall art", `PRINT|PICTURE|CANVAS ART`),
	says("home/cushions and textiles", `FILLER PAD|THROW|POUFFE|CURTAIN|FOOT STOOL`),
	says("home/furniture", `CABINET|DRAWER|SHELF|STOOL|TABLE RECT|CUPBOARD|MAGAZINE RACK|CHEST`),
	says("bathroom", `SOAP|TOWEL|FLANNEL|BATH|SPONGE|TOILET ROLL|TOILETTE|BATHROOM|LIP GLOSS|PLASTER|FIRST AID|SCRUB|SALLE DE BAIN|WASH BOWL|WATER BASIN|WASTEPAPER BIN|BULLET BIN`),
	says("jewellery/jewellery", `BRACELET|EARRING|NECKLACE|RING|HAIR|HAIRCLIP|HAIRBAND|CLIP|SLIDE|JEWEL`),
	says("home/storage", `TRINKET|DRESSING TABLE POT|JEWELLERY|STORAGE|BOOK BOX|KEEPSAKE|BASKET|CRATE|STORAGE BOX|METAL BOX|OVAL BOX|HEART BOX|POP BOX|POT W LID|BUCKET|DRAWER LINER|BOX`),
	says("kitchen/bowls and plates", `BOWL|PLATE|DISH|JUG|PLATTER`),
	says("fashion/accessories", `SCARF|FAN|PARASOL`),
	says("home/decorations", `DECORATION|HEART OF WICKER|WREATH|HANGING|ORNAMENT|PAPERWEIGHT|WICKER HEART|WICKER STAR|BAUBLE|FEATHER TREE|CHRISTMAS TREE|MOBILE|TRELLIS|LAUREL|FILIGREE|FLYING DUCK|TOADSTOOL|MUSHROOM|ROCKING HORSE|BELL|DISCO BALL|HEART|STAR|BIRD|RABBIT|BUNNY|FAIRY|STOCKING|REINDEER|ANGEL|FLOWER|SHELL|GEM|BIRDCAGE|CALENDAR|PEAR|METAL CAT|PORCELAIN ROSE|DAISY|BASKET OF|CHRISTMAS`),
}

// occasions are added to what a product is, unless that already lies there.
var occasions = []rule{
	says("christmas/tree decorations", `CHRISTMAS TREE (?:DECORATION|HANGING|HEART|STAR).*|.*BAUBLE|CHRISTMAS .*DECORATION`),
	says("christmas/cards and wrap", `CARD.* CHRISTMAS|CHRISTMAS .*CARD|WRAP.* CHRISTMAS|CHRISTMAS .*WRAP|CHRISTMAS GIFT|GIFT TAGS .*CHRISTMAS|RIBBON.* CHRISTMAS|CHRISTMAS RIBBON`),
	says("christmas/gifts and home", `CHRISTMAS|SANTA|REINDEER|ADVENT|NOEL|SNOWMEN|NATIVITY|SLEIGH|MISTLETOE|HOLLY|YULETIDE|SNOWY VILLAGE`),
	says("seasonal/easter", `EASTER|EGG HOUSE`),
	says("seasonal/halloween", `HALLOWEEN`),
	says("seasonal/valentine", `VALENTINE`),
	says("occasions/birthday", `BIRTHDAY`),
	says("occasions/wedding", `WEDDING`),
	says("occasions/baby", `BABY`),
}

var colours = []rule{
	says("red", `RED`), says("pink", `PINK|FUSCHIA`), says("blue", `BLUE`), says("green", `GREEN`),
	says("white", `WHITE`), says("ivory", `IVORY`), says("cream", `CREAM`), says("black", `BLACK`),
	says("silver", `SILVER`), says("gold", `GOLD`), says("purple", `PURPLE`), says("lilac", `LILAC`),
	says("turquoise", `TURQUOISE`), says("yellow", `YELLOW`), says("orange", `ORANGE`), says("brown", `BROWN`),
	says("grey", `GREY`), says("mint", `MINT (?:DINER|KITCHEN)|STYLE MINT|PAN MINT`), says("pistachio", `PISTACHIO`),
	says("clear", `CLEAR`), says("multicolour", `MULTICOLOUR|COLOURFUL|RAINBOW`), says("assorted", `ASSORTED|ASSTD|ASST|ASS`),
}

var materials = []rule{
	says("wood", `WOOD|WOODEN`), says("metal", `METAL`), says("glass", `GLASS`), says("ceramic", `CERAMIC`),
	says("porcelain", `PORCELAIN`), says("bone china", `BONE CHINA`), says("paper", `PAPER`), says("cotton", `COTTON APRON|COTTON TOTE|COTTON BAG`),
	says("felt", `FELT|FELTCRAFT`), says("enamel", `ENAMEL`), says("wicker", `WICKER`), says("zinc", `ZINC`),
	says("wool", `WOOL|WOOLLY`), says("knitted", `KNITTED`), says("acrylic", `ACRYLIC`), says("slate", `NATURAL SLATE|SLATE TILE`),
	says("silk", `SILK`), says("velvet", `VELVET`), says("feather", `FEATHER`), says("plastic", `PLASTIC`),
	says("copper", `COPPER`), says("steel", `STEEL`), says("bamboo", `BAMBOO`), says("raffia", `RAFFIA`),
	says("fabric", `FABRIC`), says("wire", `WIRE`), says("aluminium", `ALUMINIUM`), says("polyester", `POLYESTER`), says("canvas", `CANVAS`),
}

var themes = []rule{
	says("christmas", `CHRISTMAS|SANTA|REINDEER|ADVENT|NOEL|SNOWMEN|NATIVITY|MISTLETOE|HOLLY`),
	says("vintage", `VINTAGE|ANTIQUE|VICTORIAN|EDWARDIAN`), says("retro", `RETRO|50'S|70'S|DINER`),
	says("retrospot", `RETROSPOT|RETRO SPOT`), says("polkadot", `POLKADOT|POLKA DOT`), says("paisley", `PAISLEY`),
	says("union jack", `UNION JACK|UNION FLAG|UNION STRIPE`), says("london", `LONDON`), says("heart", `HEART`),
	says("star", `STAR`), says("skulls", `SKULL`), says("spaceboy", `SPACEBOY`), says("dolly girl", `DOLLY GIRL`),
	says("circus parade", `CIRCUS PARADE`), says("woodland", `WOODLAND`), says("suki", `SUKI`), says("babushka", `BABUSHKA`),
	says("charlie and lola", `CHARLIE`), says("regency", `REGENCY`), says("pantry", `PANTRY`), says("strawberry", `STRAWBERRY|STRAWBERRIE`),
	says("gingham", `GINGHAM`), says("doily", `DOILY`), says("lovebird", `LOVEBIRD|LOVE BIRD`), says("home sweet home", `HOME SWEET HOME`),
	says("dinosaur", `DINOSAUR`), says("butterfly", `BUTTERFLY`), says("rose", `ROSE`), says("scandinavian", `SCANDINAVIAN`),
	says("french", `FRENCH|PARIS|PARISIENNE`), says("easter", `EASTER`), says("halloween", `HALLOWEEN`), says("birthday", `BIRTHDAY`),
	says("wedding", `WEDDING`), says("apples and pears", `APPLE|PEAR`), says("keep calm", `KEEP CALM`),
}

// fixedCase are words with a spelling of their own.
var fixedCase = map[string]string{
	"LED": "LED", "UK": "UK", "US": "US", "TV": "TV", "VIP": "VIP", "WC": "WC", "ABC": "ABC", "A, B, C": "A, B, C",
	"3D": "3D", "M.O.P": "M.O.P.", "D.O.F": "D.O.F.", "D.O.F.": "D.O.F.", "A6": "A6", "A7": "A7", "W": "with",
	"S": "S", "L": "L", "DOCTOR'S": "Doctor's", "T-SHIRT": "T-Shirt",
}

// small words stay small inside a title.
var small = map[string]bool{
	"a": true, "and": true, "as": true, "at": true, "by": true, "de": true, "du": true, "en": true, "for": true,
	"from": true, "in": true, "is": true, "of": true, "on": true, "or": true, "the": true, "to": true, "with": true, "w": true,
}

// titleSpelling mends what the shop's 35-character field did to its words.
var titleSpelling = strings.NewReplacer(
	" ,", ",", " T LIGHT", " T-LIGHT", "TEALIGHT", "T-LIGHT", "CAKESTAND", "CAKE STAND", "HLDR", "HOLDER",
	"BLACKBLUE", "BLACK/BLUE", "PINKWHITE", "PINK/WHITE", "SQUARECUSHION", "SQUARE CUSHION",
	"CHOCOLATECANDLE", "CHOCOLATE CANDLE", "BAROQUECANDLESTICK", "BAROQUE CANDLESTICK",
	"TRADTIONAL", "TRADITIONAL", "CINAMMON", "CINNAMON", "STRAWBERY", "STRAWBERRY", "ASSTD", "ASSORTED", "ASS COLOUR", "ASSORTED COLOUR", "ASS FLORAL", "ASSORTED FLORAL",
	"PAISELY", "PAISLEY", "XMAS", "CHRISTMAS", "DRAWERKNOB", "DRAWER KNOB", "METAL SIGN,CUPCAKE", "METAL SIGN CUPCAKE",
)
