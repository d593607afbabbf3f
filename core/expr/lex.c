/* Text to tokens. All tokens are made at once; wrong ones are reported here
 * and become WRONG, which the parser takes for a value. */
#include <string.h>

#include "expr/number.h"
#include "expr/tree.h"
#include "quote.h"

static const char *const token_texts[] = {
#define X(id, text) text,
#include "expr/tokens.def"
#undef X
};

const char *expr_token_text(expr_token_kind kind) { return token_texts[kind]; }

typedef struct lexer {
  expr_context *context;
  upk_str text;
  size_t at;
} lexer;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c) { return is_letter(c) || is_digit(c); }

static char peek(const lexer *l, size_t ahead) {
  size_t at = l->at + ahead;
  return at < l->text.len ? l->text.data[at] : '\0';
}

static bool same_word(upk_str word, const char *keyword) {
  if (word.len != strlen(keyword))
    return false;
  for (size_t i = 0; i < word.len; i++) {
    char c = word.data[i];
    if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != keyword[i])
      return false;
  }
  return true;
}

static expr_token_kind keyword_of(upk_str word) {
  for (expr_token_kind kind = EXPR_TOKEN_AND; kind <= EXPR_TOKEN_END_CASE;
       kind++)
    if (same_word(word, token_texts[kind]))
      return kind;
  return EXPR_TOKEN_NAME;
}

bool expr_is_plain_name(upk_str text) {
  if (text.len == 0 || !(is_letter(text.data[0])))
    return false;
  for (size_t i = 0; i < text.len; i++)
    if (!is_word(text.data[i]) || (text.data[i] >= 'A' && text.data[i] <= 'Z'))
      return false;
  bool version = text.len > 1 && text.data[0] == 'v' && is_digit(text.data[1]);
  return !version && keyword_of(text) == EXPR_TOKEN_NAME;
}

static expr_token *push(lexer *l, expr_tokens *tokens, expr_token_kind kind,
                        size_t start) {
  expr_token *token = UPK_PUSH(l->context->arena, tokens);
  token->kind = kind;
  token->start = (uint32_t)start;
  token->end = (uint32_t)l->at;
  return token;
}

/* v14 and v14.2: the letter, digits and dots, and no other letter. After a
 * dot it is a name. */
static bool at_version(const lexer *l, const expr_tokens *tokens) {
  bool after_dot =
      tokens->len && tokens->items[tokens->len - 1].kind == EXPR_TOKEN_DOT;
  if (after_dot || (peek(l, 0) != 'v' && peek(l, 0) != 'V'))
    return false;
  size_t ahead = 1;
  while (is_digit(peek(l, ahead)))
    ahead++;
  return ahead > 1 && !is_word(peek(l, ahead));
}

static void lex_version(lexer *l, expr_tokens *tokens) {
  size_t start = l->at++;
  while (is_digit(peek(l, 0)) || (peek(l, 0) == '.' && is_digit(peek(l, 1))))
    l->at++;
  upk_str digits = {l->text.data + start + 1, l->at - start - 1};
  expr_token *token = push(l, tokens, EXPR_TOKEN_LITERAL, start);
  token->type = UPK_TYPE_VERSION;
  if (upk_version_parse(digits, &token->integer))
    return;
  token->kind = EXPR_TOKEN_WRONG;
  expr_report(l->context, 1112, start, l->at,
              "a part of the version is too large");
}

static void lex_word(lexer *l, expr_tokens *tokens) {
  size_t start = l->at;
  while (is_word(peek(l, 0)))
    l->at++;
  upk_str word = {l->text.data + start, l->at - start};
  bool after_dot =
      tokens->len && tokens->items[tokens->len - 1].kind == EXPR_TOKEN_DOT;
  expr_token_kind kind = after_dot ? EXPR_TOKEN_NAME : keyword_of(word);
  push(l, tokens, kind, start)->text = word;
}

/* 'text' and "name": the quote itself is written twice. */
static void lex_quoted(lexer *l, expr_tokens *tokens, char quote) {
  size_t start = l->at++;
  upk_buf decoded = {0};
  bool closed = false;
  while (!closed && l->at < l->text.len) {
    char c = l->text.data[l->at++];
    if (c != quote)
      upk_buf_char(&decoded, c);
    else if (peek(l, 0) == quote && ++l->at)
      upk_buf_char(&decoded, quote);
    else
      closed = true;
  }
  expr_token *token = push(
      l, tokens, quote == '"' ? EXPR_TOKEN_NAME : EXPR_TOKEN_LITERAL, start);
  token->quoted = quote == '"';
  token->type = UPK_TYPE_TEXT;
  token->text = decoded.len
                    ? upk_arena_copy(l->context->arena, upk_buf_view(&decoded))
                    : UPK_STR("");
  upk_buf_free(&decoded);
  if (closed && (token->text.len || quote == '\''))
    return;
  token->kind = EXPR_TOKEN_WRONG;
  if (closed)
    expr_report(l->context, 1102, start, l->at, "the name is empty");
  else
    expr_report(l->context, 1110, start, start + 1,
                "the %s that begins here is never closed",
                quote == '"' ? "quoted name" : "text");
}

static void lex_number(lexer *l, expr_tokens *tokens) {
  size_t start = l->at;
  upk_type type = UPK_TYPE_INT;
  int64_t value = 0;
  bool right = expr_number_read(l->context, &l->at, &type, &value);
  expr_token *token =
      push(l, tokens, right ? EXPR_TOKEN_LITERAL : EXPR_TOKEN_WRONG, start);
  token->type = type;
  token->integer = value;
}

/* Longest first. A row without a kind is a mistake that its help explains. */
static const struct {
  const char *text;
  int kind;
  const char *help;
} symbols[] = {
    {"<=>", -1, "write coalesce(a, x) = coalesce(b, x), or test is null"},
    {"<>", EXPR_TOKEN_NE, NULL},
    {"!=", EXPR_TOKEN_NE, NULL},
    {"!~", EXPR_TOKEN_NOT_TILDE, NULL},
    {"<=", EXPR_TOKEN_LE, NULL},
    {">=", EXPR_TOKEN_GE, NULL},
    {"==", -1, "equality is written with one `=`"},
    {"=>", -1, "write `>=`"},
    {"=<", -1, "write `<=`"},
    {"&&", -1, "write `and`"},
    {"||", -1, "write `or`; texts cannot be joined"},
    {"::", -1, "there are no casts; literals carry their unit, such as 64MiB"},
    {"(", EXPR_TOKEN_OPEN, NULL},
    {")", EXPR_TOKEN_CLOSE, NULL},
    {",", EXPR_TOKEN_COMMA, NULL},
    {".", EXPR_TOKEN_DOT, NULL},
    {"+", EXPR_TOKEN_PLUS, NULL},
    {"-", EXPR_TOKEN_MINUS, NULL},
    {"*", EXPR_TOKEN_STAR, NULL},
    {"/", EXPR_TOKEN_SLASH, NULL},
    {"=", EXPR_TOKEN_EQ, NULL},
    {"<", EXPR_TOKEN_LT, NULL},
    {">", EXPR_TOKEN_GT, NULL},
    {"~", EXPR_TOKEN_TILDE, NULL},
    {"!", -1, "write `not`"},
    {"%", -1, "a percentage is written without a space, such as 30%"},
    {";", -1, "an expression is one condition, without a semicolon"},
    {"`", -1, "names with unusual letters stand in double quotes"},
    {"[", -1, "lists are written in parentheses, such as in ('a', 'b')"},
    {"$", -1, "there are no parameters; write the value"},
};

static size_t character_length(upk_str text, size_t at) {
  size_t end = at + 1;
  while (end < text.len && ((unsigned char)text.data[end] & 0xC0) == 0x80)
    end++;
  return end - at;
}

static void lex_symbol(lexer *l, expr_tokens *tokens) {
  size_t start = l->at;
  upk_str rest = {l->text.data + start, l->text.len - start};
  const char *help = NULL;
  size_t length = character_length(l->text, start);
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    if (!upk_str_starts(rest, symbols[i].text))
      continue;
    length = strlen(symbols[i].text);
    help = symbols[i].help;
    if (symbols[i].kind >= 0) {
      l->at += length;
      push(l, tokens, (expr_token_kind)symbols[i].kind, start);
      return;
    }
    break;
  }
  l->at += length;
  push(l, tokens, EXPR_TOKEN_WRONG, start);
  upk_str found = expr_excerpt(l->context, start, l->at);
  upk_diag *diag =
      expr_report(l->context, 1101, start, l->at,
                  "`%.*s` is not used in expressions", UPK_FMT(found));
  if (help)
    upk_diag_help(l->context->diags, diag, "%s", help);
}

void expr_lex(expr_context *context, expr_tokens *ret_tokens) {
  lexer l = {context, context->text, 0};
  while (l.at < l.text.len) {
    char c = peek(&l, 0);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
      l.at++;
    else if (is_digit(c))
      lex_number(&l, ret_tokens);
    else if (at_version(&l, ret_tokens))
      lex_version(&l, ret_tokens);
    else if (is_letter(c))
      lex_word(&l, ret_tokens);
    else if (c == '\'' || c == '"')
      lex_quoted(&l, ret_tokens, c);
    else
      lex_symbol(&l, ret_tokens);
  }
  push(&l, ret_tokens, EXPR_TOKEN_END, l.at);
}
