using System.Collections.Generic;
using System.Globalization;

namespace Plimsoll.Inputs.Templates;

/// <summary>Expressions, each method one level of Jinja2's precedence, the loosest first.</summary>
sealed partial class TemplateParser
{
    /// <summary>One expression, or several with commas between: a tuple.</summary>
    Expression ReadTuple(bool withConditional = true)
    {
        var first = withConditional ? ReadExpression() : ReadOr();
        if (!IsOperator(","))
            return first;
        List<Expression> items = [first];
        while (TakeOperator(","))
        {
            if (Current.Kind is TokenKind.BlockEnd or TokenKind.PrintEnd || IsOperator(")"))
                break;
            items.Add(withConditional ? ReadExpression() : ReadOr());
        }
        return new ListExpression(items, isTuple: true);
    }

    Expression ReadExpression()
    {
        if (++_depth > Deepest)
            throw Bad($"expressions are nested more than {Deepest} deep");
        var value = ReadOr();
        while (TakeName("if"))
        {
            var condition = ReadOr();
            value = new Conditional(condition, value, TakeName("else") ? ReadExpression() : null);
        }
        _depth--;
        return value;
    }

    Expression ReadOr()
    {
        var left = ReadAnd();
        while (TakeName("or"))
            left = new Logical(isAnd: false, left, ReadAnd());
        return left;
    }

    Expression ReadAnd()
    {
        var left = ReadNot();
        while (TakeName("and"))
            left = new Logical(isAnd: true, left, ReadNot());
        return left;
    }

    Expression ReadNot()
    {
        var negations = 0;
        while (TakeName("not"))
            negations++;
        var value = ReadComparison();
        for (; negations > 0; negations--)
            value = new Unary("not", value);
        return value;
    }

    Expression ReadComparison()
    {
        var first = ReadSum();
        var rest = new List<(string Sign, Expression Operand)>();
        while (true)
        {
            string sign;
            if (Current.Kind == TokenKind.Operator && Current.Text is "==" or "!=" or "<" or ">" or "<="
                or ">=")
            {
                sign = Next().Text;
            }
            else if (TakeName("in"))
            {
                sign = "in";
            }
            else if (IsName("not") && tokens[_at + 1] is { Kind: TokenKind.Name, Text: "in" })
            {
                _at += 2;
                sign = "not in";
            }
            else
            {
                return rest.Count == 0 ? first : new Comparison(first, rest);
            }
            rest.Add((sign, ReadSum()));
        }
    }

    Expression ReadSum()
    {
        var left = ReadConcatenation();
        while (IsOperator("+") || IsOperator("-"))
            left = new Arithmetic(Next().Text, left, ReadConcatenation());
        return left;
    }

    Expression ReadConcatenation()
    {
        var left = ReadProduct();
        while (TakeOperator("~"))
            left = new Arithmetic("~", left, ReadProduct());
        return left;
    }

    Expression ReadProduct()
    {
        var left = ReadPower();
        while (IsOperator("*") || IsOperator("/") || IsOperator("//") || IsOperator("%"))
            left = new Arithmetic(Next().Text, left, ReadPower());
        return left;
    }

    Expression ReadPower()
    {
        var left = ReadUnary(withFilter: true);
        while (TakeOperator("**"))
            left = new Arithmetic("**", left, ReadUnary(withFilter: true));
        return left;
    }

    Expression ReadUnary(bool withFilter)
    {
        if (++_depth > Deepest)
            throw Bad($"expressions are nested more than {Deepest} deep");
        Expression value = IsOperator("-") || IsOperator("+")
            ? new Unary(Next().Text, ReadUnary(withFilter: false))
            : ReadPrimary();
        value = ReadPostfix(value);
        if (withFilter)
            value = ReadFilters(value);
        _depth--;
        return value;
    }

    Expression ReadPrimary()
    {
        var token = Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(true),
                    "false" or "False" => new Literal(false),
                    "none" or "None" => new Literal(null),
                    _ => new Name(token.Text),
                };
            case TokenKind.String:
                var text = token.Text;
                while (Current.Kind == TokenKind.String)
                    text += Next().Text;
                return new Literal(text);
            case TokenKind.Integer:
                return new Literal(
                    long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                    ? whole : throw Bad($"the number {token.Text} is too large"));
            case TokenKind.Float:
                return new Literal(double.Parse(token.Text, CultureInfo.InvariantCulture));
            case TokenKind.Operator when token.Text == "(":
                if (TakeOperator(")"))
                    return new ListExpression([], isTuple: true);
                var inner = ReadTuple();
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return ReadList();
            case TokenKind.Operator when token.Text == "{":
                return ReadDict();
            default:
                throw Bad($"a value was expected, not '{token.Text}'");
        }
    }

    ListExpression ReadList()
    {
        var items = new List<Expression>();
        while (!TakeOperator("]"))
        {
            if (items.Count > 0)
                ExpectOperator(",");
            if (TakeOperator("]"))
                break;
            items.Add(ReadExpression());
        }
        return new ListExpression(items, isTuple: false);
    }

    DictExpression ReadDict()
    {
        var entries = new List<(Expression Key, Expression Value)>();
        while (!TakeOperator("}"))
        {
            if (entries.Count > 0)
                ExpectOperator(",");
            if (TakeOperator("}"))
                break;
            var key = ReadExpression();
            ExpectOperator(":");
            entries.Add((key, ReadExpression()));
        }
        return new DictExpression(entries);
    }

    Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            if (TakeOperator("."))
                value = new Member(value, new Literal(ReadMember()), isAttribute: true);
            else if (TakeOperator("["))
                value = ReadSubscript(value);
            else if (IsOperator("("))
                value = new Call(value, ReadArguments(), NameOf(value));
            else
                return value;
        }
    }

    object ReadMember() => Current.Kind == TokenKind.Integer
        ? long.Parse(Next().Text, CultureInfo.InvariantCulture)
        : ExpectIdentifier("a part's name");

    static string NameOf(Expression callee) => callee switch
    {
        Name name => name.Text,
        Member { Key: Literal key } => Python.Str(key.Evaluate(null!)),
        _ => "an expression",
    };

    Expression ReadSubscript(Expression value)
    {
        Expression? from = null, to = null, step = null;
        if (!IsOperator(":"))
        {
            from = ReadTuple();
            if (TakeOperator("]"))
                return new Member(value, from, isAttribute: false);
        }
        ExpectOperator(":");
        if (!IsOperator(":") && !IsOperator("]"))
            to = ReadExpression();
        if (TakeOperator(":") && !IsOperator("]"))
            step = ReadExpression();
        ExpectOperator("]");
        return new Slice(value, from, to, step);
    }

    ArgumentList ReadArguments()
    {
        var arguments = new ArgumentList();
        ExpectOperator("(");
        while (!TakeOperator(")"))
        {
            if (arguments.Positional.Count + arguments.Named.Count > 0)
                ExpectOperator(",");
            if (TakeOperator(")"))
                break;
            if (TakeOperator("*"))
            {
                arguments.Spread = ReadExpression();
            }
            else if (TakeOperator("**"))
            {
                arguments.SpreadNamed = ReadExpression();
            }
            else if (
                Current.Kind == TokenKind.Name && tokens[_at + 1] is { Kind: TokenKind.Operator, Text: "=" })
            {
                var name = Next().Text;
                Next();
                arguments.Named.Add(KeyValuePair.Create(name, ReadExpression()));
            }
            else
            {
                arguments.Positional.Add(ReadExpression());
            }
        }
        return arguments;
    }

    Expression ReadFilters(Expression value)
    {
        while (true)
        {
            if (TakeOperator("|"))
                value = ReadFilter(value);
            else if (TakeName("is"))
                value = ReadTest(value);
            else if (IsOperator("("))
                value = new Call(value, ReadArguments(), NameOf(value));
            else
                return value;
        }
    }

    Filter ReadFilter(Expression? value)
    {
        var name = ExpectIdentifier("a filter's name");
        var function = Filters.Find(name) ?? throw Bad($"the filter '{name}' is not known");
        return new Filter(value, name, function, IsOperator("(") ? ReadArguments() : new ArgumentList());
    }

    Test ReadTest(Expression value)
    {
        var negated = TakeName("not");
        var name = ExpectIdentifier("a test's name");
        var function = Tests.Find(name) ?? throw Bad($"the test '{name}' is not known");
        var arguments = new ArgumentList();
        if (IsOperator("("))
        {
            arguments = ReadArguments();
        }
        else if (
            Current.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float || IsOperator("[")
            || IsOperator("{")
            || (Current.Kind == TokenKind.Name
                && Current.Text
                is not ("else" or "or" or "and" or "is" or "in" or "not" or "if" or "recursive")))
        {
            arguments.Positional.Add(ReadPostfix(ReadPrimary()));
        }
        return new Test(value, name, function, arguments, negated);
    }
}
