namespace Plimsoll.Inputs.Templates;

enum TokenKind : byte
{
    Text,
    BlockBegin,
    BlockEnd,
    PrintBegin,
    PrintEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <param name="Text">What stands there; of a string, its value.</param>
/// <param name="Line">Line in the template, from 1.</param>
readonly record struct TemplateToken(TokenKind Kind, string Text, int Line);
