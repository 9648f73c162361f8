using System.Collections.Generic;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plimsoll.Engine.Grammars;

/// <summary>Rules of a grammar in the making; the same rule is written once.</summary>
sealed class GrammarRules
{
    readonly List<(string Name, string Body)> _rules = [];
    readonly Dictionary<string, string> _byBody = [];
    int _names;

    public static JsonSerializerOptions Plain { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public int Count => _rules.Count;

    /// <summary>No more white space than a reader would write.</summary>
    public string Space => Named("space", """("" | " " | "\n" [ \t]{0,20})""");

    /// <summary>One character inside a JSON string; half a surrogate pair is none.</summary>
    public string Character =>
        Named("char", $"([^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\bfnrt/] | \"u\" {Unit}))");

    const string Unit = "([0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2})";

    public string String => Named("string", $"\"\\\"\" {Character}* \"\\\"\"");

    public string Integer => Named("integer", "\"-\"? (\"0\" | [1-9] [0-9]{0,14})");

    public string Number => Named("number", $"{Integer} (\".\" [0-9]{{1,16}})? ([eE] [-+]? [0-9]{{1,2}})?");

    public string Value
    {
        get
        {
            if (_byBody.TryGetValue("value", out var known))
                return known;
            _byBody["value"] = "value";
            var pair = $"{String} \":\" {Space} value";
            Define("value", $"(object | array | {String} | {Number} | \"true\" | \"false\" | \"null\")");
            Define("object", $"\"{{\" {Space} ({pair} (\",\" {Space} {pair})*)? {Space} \"}}\"");
            Define("array", $"\"[\" {Space} (value (\",\" {Space} value)*)? {Space} \"]\"");
            return "value";
        }
    }

    public string Add(string body)
    {
        if (_byBody.TryGetValue(body, out var known))
            return known;
        var name = Reserve();
        Define(name, body);
        return _byBody[body] = name;
    }

    public string Reserve() => $"r{_names++}";

    public void Define(string name, string body) => _rules.Add((name, body));

    public static string Literal(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => literal.Append("\\\""),
                '\\' => literal.Append("\\\\"),
                '\n' => literal.Append("\\n"),
                '\r' => literal.Append("\\r"),
                '\t' => literal.Append("\\t"),
                _ => literal.Append(c),
            };
        }
        return literal.Append('"').ToString();
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, body) in _rules)
            text.Append(name).Append(" ::= ").Append(body).Append('\n');
        return text.ToString();
    }

    string Named(string name, string body)
    {
        if (_byBody.TryAdd(body, name))
            Define(name, body);
        return name;
    }
}
