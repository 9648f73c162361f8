using System;
using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Plimsoll.Mutants;

/// <summary>
/// Plants every mutant of a file at once, each behind a switch, so that a project is compiled once however
/// many there are: <c>a + b</c> becomes <c>(MutantSwitch.On(7) ? a - b : a + b)</c>.
/// </summary>
sealed class MutantPlanter : CSharpSyntaxRewriter
{
    static readonly Dictionary<SyntaxKind, SyntaxKind[]> Instead = new()
    {
        [SyntaxKind.AddExpression] = [SyntaxKind.SubtractExpression],
        [SyntaxKind.SubtractExpression] = [SyntaxKind.AddExpression],
        [SyntaxKind.MultiplyExpression] = [SyntaxKind.DivideExpression],
        [SyntaxKind.DivideExpression] = [SyntaxKind.MultiplyExpression],
        [SyntaxKind.LessThanExpression] =
            [SyntaxKind.LessThanOrEqualExpression, SyntaxKind.GreaterThanOrEqualExpression],
        [SyntaxKind.LessThanOrEqualExpression] =
            [SyntaxKind.LessThanExpression, SyntaxKind.GreaterThanExpression],
        [SyntaxKind.GreaterThanExpression] =
            [SyntaxKind.GreaterThanOrEqualExpression, SyntaxKind.LessThanOrEqualExpression],
        [SyntaxKind.GreaterThanOrEqualExpression] =
            [SyntaxKind.GreaterThanExpression, SyntaxKind.LessThanExpression],
        [SyntaxKind.EqualsExpression] = [SyntaxKind.NotEqualsExpression],
        [SyntaxKind.NotEqualsExpression] = [SyntaxKind.EqualsExpression],
        [SyntaxKind.LogicalAndExpression] = [SyntaxKind.LogicalOrExpression],
        [SyntaxKind.LogicalOrExpression] = [SyntaxKind.LogicalAndExpression],
    };

    readonly string _file;
    readonly ISet<int> _refused;
    int _next;

    /// <param name="file">Named in reports.</param>
    /// <param name="firstId">The first mutant's number.</param>
    /// <param name="refused">Mutants that do not compile.</param>
    MutantPlanter(string file, int firstId, ISet<int> refused)
    {
        (_file, _next, _refused) = (file, firstId, refused);
    }

    List<Mutant> Planted { get; } = [];

    /// <summary>In every file of a folder.</summary>
    public static Planting Of(string folder) => (path, text, firstId, refused) =>
    {
        if (!path.StartsWith(folder + "/", StringComparison.Ordinal))
            return new PlantedFile(text, [], firstId);
        var planter = new MutantPlanter(path, firstId, refused);
        var planted = planter.Visit(CSharpSyntaxTree.ParseText(text).GetRoot()).ToFullString();
        return new PlantedFile(planted, planter.Planted, planter._next);
    };

    public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        var visited = (BinaryExpressionSyntax)base.VisitBinaryExpression(node)!;
        if (!Instead.TryGetValue(node.Kind(), out var kinds) || IsFixed(node))
            return visited;
        ExpressionSyntax whole = visited;
        foreach (var kind in kinds)
        {
            whole = Switched(node, whole, SyntaxFactory.BinaryExpression(
                kind, visited.Left.WithTrailingTrivia(SyntaxFactory.Space),
                visited.Right.WithLeadingTrivia(SyntaxFactory.Space)),
                SyntaxFactory.BinaryExpression(kind, node.Left, node.Right).ToString());
        }
        return whole;
    }

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        var visited = (InvocationExpressionSyntax)base.VisitInvocationExpression(node)!;
        var other = visited.Expression.ToString() switch
        {
            "Math.Min" => "Math.Max",
            "Math.Max" => "Math.Min",
            "Math.Ceiling" => "Math.Floor",
            "Math.Floor" => "Math.Ceiling",
            _ => null,
        };
        return other is null || IsFixed(node)
            ? visited
            : Switched(node, visited, visited.WithExpression(SyntaxFactory.ParseExpression(other)),
                node.WithExpression(SyntaxFactory.ParseExpression(other)).ToString());
    }

    public override SyntaxNode? VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        var visited = (ConditionalExpressionSyntax)base.VisitConditionalExpression(node)!;
        return IsFixed(node) || Declares(node.Condition)
            ? visited
            : Switched(
                node, visited, visited.WithWhenTrue(visited.WhenFalse).WithWhenFalse(visited.WhenTrue),
                $"{node.Condition} ? {node.WhenFalse} : {node.WhenTrue}");
    }

    public override SyntaxNode? VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node)
    {
        var visited = (PrefixUnaryExpressionSyntax)base.VisitPrefixUnaryExpression(node)!;
        return node.IsKind(SyntaxKind.LogicalNotExpression) && !IsFixed(node)
            ? Switched(node, visited, visited.Operand, node.Operand.ToString())
            : visited;
    }

    /// <summary>A statement that changes something is left out.</summary>
    public override SyntaxNode? VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        var visited = (ExpressionStatementSyntax)base.VisitExpressionStatement(node)!;
        if (IsGuard(node.Expression) || Declares(node))
            return visited;
        var id = _next++;
        if (_refused.Contains(id))
            return visited;
        Note(id, node, "(left out)");
        // In a block of its own: an else that follows must not become the switch's.
        return SyntaxFactory.ParseStatement(
            $"{{ if (!MutantSwitch.On({id})) {{ {visited.WithoutTrivia().ToFullString()} }} }}\n");
    }

    ExpressionSyntax Switched(
        SyntaxNode was, ExpressionSyntax otherwise, ExpressionSyntax mutated, string now)
    {
        var id = _next++;
        if (_refused.Contains(id))
            return otherwise;
        Note(id, was, now);
        return SyntaxFactory.ParseExpression(
            $"(MutantSwitch.On({id}) ? ({mutated.ToFullString().Trim()}) : "
            + $"({otherwise.ToFullString().Trim()}))");
    }

    void Note(int id, SyntaxNode was, string now)
    {
        var line = was.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        Planted.Add(new Mutant(id, _file, line, Short(was.ToString()), Short(now)));
    }

    /// <summary>An assertion guards against faults elsewhere; without one nothing changes.</summary>
    static bool IsGuard(ExpressionSyntax expression) =>
        expression.ToString() is var text
        && (text.StartsWith("Invariant.") || text.Contains("Exception.ThrowIf"));

    static bool Declares(SyntaxNode node)
    {
        foreach (var inner in node.DescendantNodesAndSelf())
        {
            if (inner is VariableDesignationSyntax or DeclarationExpressionSyntax)
                return true;
        }
        return false;
    }

    /// <summary>Constants, defaults, attributes, patterns and texts stand where no switch can.</summary>
    static bool IsFixed(ExpressionSyntax node)
    {
        if (Declares(node))
            return true;
        foreach (var inner in node.DescendantNodesAndSelf())
        {
            if (inner.IsKind(SyntaxKind.StringLiteralExpression)
                || inner.IsKind(SyntaxKind.InterpolatedStringExpression))
            {
                return true;
            }
        }
        for (SyntaxNode? outer = node; outer is not null; outer = outer.Parent)
        {
            if (outer is ExpressionStatementSyntax { Expression: var all } && IsGuard(all))
                return true;
            if (outer is AttributeSyntax or PatternSyntax or ParameterSyntax or EnumMemberDeclarationSyntax
                or CaseSwitchLabelSyntax or ThrowExpressionSyntax or ThrowStatementSyntax
                || (outer is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword))
                || (outer is LocalDeclarationStatementSyntax { IsConst: true }))
            {
                return true;
            }
        }
        return false;
    }

    static string Short(string text)
    {
        text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length > 70 ? text[..69] + "…" : text;
    }
}
