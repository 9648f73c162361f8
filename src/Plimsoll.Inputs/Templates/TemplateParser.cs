using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Templates;

/// <summary>Tokens to statements. What is not part of the subset is refused here, by name and line.</summary>
sealed partial class TemplateParser(List<TemplateToken> tokens)
{
    const int Deepest = 200;

    int _at;
    int _depth;

    public List<Statement> ReadAll()
    {
        var body = ReadBody();
        return Current.Kind == TokenKind.End ? body
            : throw Bad($"a tag '{Current.Text}' that closes nothing");
    }

    TemplateToken Current => tokens[_at];

    /// <summary>Statements up to one of these tags, whose name is then the current token.</summary>
    List<Statement> ReadBody(params ReadOnlySpan<string> ends)
    {
        if (++_depth > Deepest)
            throw Bad($"blocks are nested more than {Deepest} deep");
        var body = new List<Statement>();
        while (Current.Kind != TokenKind.End)
        {
            if (Current.Kind == TokenKind.Text)
            {
                body.Add(new TextStatement(Next().Text));
            }
            else if (Current.Kind == TokenKind.PrintBegin)
            {
                Next();
                body.Add(new PrintStatement(ReadTuple()));
                Expect(TokenKind.PrintEnd, "}}");
            }
            else
            {
                if (tokens[_at + 1].Kind != TokenKind.Name)
                    throw Bad("a tag without a name");
                _at++;
                if (ends.IndexOf(Current.Text) >= 0)
                    break;
                if (Current.Text.StartsWith("end", StringComparison.Ordinal)
                    || Current.Text is "else" or "elif")
                {
                    throw Bad($"a tag '{Current.Text}' that closes nothing");
                }
                body.Add(ReadStatement());
            }
        }
        if (ends.Length > 0 && Current.Kind == TokenKind.End)
            throw Bad($"a block without its '{ends[^1]}'");
        _depth--;
        return body;
    }

    Statement ReadStatement()
    {
        var line = Current.Line;
        var tag = Next().Text;
        switch (tag)
        {
            case "if":
                return ReadIf();
            case "for":
                return ReadFor();
            case "set":
                return ReadSet();
            case "macro":
                return ReadMacro();
            case "call":
                return ReadCall();
            case "filter":
                var filters = ReadFilterChain();
                return new FilterBlockStatement(filters, ReadBlock("endfilter"));
            case "generation":
                return new GroupStatement([], ReadBlock("endgeneration"));
            case "with":
                return ReadWith();
            case "break":
                EndTag();
                return new FlowStatement(Flow.Break);
            case "continue":
                EndTag();
                return new FlowStatement(Flow.Continue);
            default:
                throw new TemplateException(
                    $"chat template, line {line}: the tag '{tag}' is not known; known are if, for, "
                    + "set, macro, call, filter, with, generation, break, continue and raw");
        }
    }

    /// <summary>The rest of a tag, a body, and the tag that ends it.</summary>
    List<Statement> ReadBlock(string end)
    {
        EndTag();
        var body = ReadBody(end);
        Next();
        if (Current.Kind == TokenKind.Name)
            Next();
        EndTag();
        return body;
    }

    IfStatement ReadIf()
    {
        var branches = new List<(Expression? Condition, List<Statement> Body)>();
        Expression? condition = ReadTuple();
        while (true)
        {
            EndTag();
            var body = condition is null ? ReadBody("endif") : ReadBody("elif", "else", "endif");
            branches.Add((condition, body));
            var tag = Next().Text;
            if (tag == "endif")
                break;
            condition = tag == "elif" ? ReadTuple() : null;
        }
        EndTag();
        return new IfStatement(branches);
    }

    ForStatement ReadFor()
    {
        var target = ReadTarget(allowMember: false);
        ExpectName("in");
        var items = ReadTuple(withConditional: false);
        var condition = TakeName("if") ? ReadExpression() : null;
        var isRecursive = TakeName("recursive");
        EndTag();
        var body = ReadBody("else", "endfor");
        List<Statement> otherwise = [];
        if (Next().Text == "else")
        {
            EndTag();
            otherwise = ReadBody("endfor");
            Next();
        }
        EndTag();
        return new ForStatement(target, items, condition, isRecursive, body, otherwise);
    }

    Statement ReadSet()
    {
        var target = ReadTarget(allowMember: true);
        if (TakeOperator("="))
        {
            var value = ReadTuple();
            EndTag();
            return new SetStatement(target, value);
        }
        var filters = TakeOperator("|") ? ReadFilterChain() : [];
        return new SetBlockStatement(target, filters, ReadBlock("endset"));
    }

    MacroStatement ReadMacro()
    {
        var name = ExpectIdentifier("a macro's name");
        var parameters = ReadParameters();
        return new MacroStatement(name, parameters, ReadBlock("endmacro"));
    }

    List<(string Name, Expression? Default)> ReadParameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        ExpectOperator("(");
        while (!TakeOperator(")"))
        {
            if (parameters.Count > 0)
                ExpectOperator(",");
            if (TakeOperator(")"))
                break;
            var parameter = ExpectIdentifier("a parameter's name");
            parameters.Add((parameter, TakeOperator("=") ? ReadExpression() : null));
        }
        return parameters;
    }

    CallStatement ReadCall()
    {
        var parameters = IsOperator("(") ? ReadParameters() : [];
        var callee = ReadExpression();
        if (callee is not Call call)
            throw Bad("a 'call' of something that is no call");
        return new CallStatement(call, new MacroStatement("caller", parameters, ReadBlock("endcall")));
    }

    GroupStatement ReadWith()
    {
        var sets = new List<(Expression Target, Expression Value)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (sets.Count > 0)
                ExpectOperator(",");
            var target = ReadTarget(allowMember: false);
            ExpectOperator("=");
            sets.Add((target, ReadExpression()));
        }
        return new GroupStatement(sets, ReadBlock("endwith"));
    }

    List<Filter> ReadFilterChain()
    {
        var filters = new List<Filter>();
        do
        {
            filters.Add(ReadFilter(null));
        }
        while (TakeOperator("|"));
        return filters;
    }

    /// <summary>A name, names with commas between, or a part of a namespace.</summary>
    Expression ReadTarget(bool allowMember)
    {
        var parenthesis = TakeOperator("(");
        List<Expression> targets = [];
        do
        {
            if (targets.Count > 0 && Current.Kind != TokenKind.Name)
                break;
            Expression target = new Name(ExpectIdentifier("a name to set"));
            if (allowMember && TakeOperator("."))
            {
                target =
                    new Member(target, new Literal(ExpectIdentifier("a part's name")), isAttribute: true);
            }
            targets.Add(target);
        }
        while (TakeOperator(","));
        if (parenthesis)
            ExpectOperator(")");
        return targets.Count == 1 ? targets[0] : new ListExpression(targets, isTuple: true);
    }

    void EndTag() => Expect(TokenKind.BlockEnd, "%}");

    TemplateToken Next() => tokens[Current.Kind == TokenKind.End ? _at : _at++];

    bool IsOperator(string sign) => Current.Kind == TokenKind.Operator && Current.Text == sign;

    bool TakeOperator(string sign)
    {
        if (!IsOperator(sign))
            return false;
        _at++;
        return true;
    }

    bool IsName(string name) => Current.Kind == TokenKind.Name && Current.Text == name;

    bool TakeName(string name)
    {
        if (!IsName(name))
            return false;
        _at++;
        return true;
    }

    void ExpectName(string name)
    {
        if (!TakeName(name))
            throw Bad($"'{name}' was expected, not '{Current.Text}'");
    }

    void ExpectOperator(string sign)
    {
        if (!TakeOperator(sign))
            throw Bad($"'{sign}' was expected, not '{Current.Text}'");
    }

    string ExpectIdentifier(string what) =>
        Current.Kind == TokenKind.Name ? Next().Text
            : throw Bad($"{what} was expected, not '{Current.Text}'");

    void Expect(TokenKind kind, string text)
    {
        if (Current.Kind != kind)
            throw Bad($"'{text}' was expected, not '{Current.Text}'");
        _at++;
    }

    TemplateException Bad(string problem) => new($"chat template, line {Current.Line}: {problem}");
}
