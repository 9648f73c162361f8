using System.Collections.Generic;

namespace Plimsoll.Reports;

/// <summary>A page of figures, pictures and tables, in the style of the account's.</summary>
public sealed record PageModel
{
    /// <summary>The verb that made it, beside the mark: <c>plimsoll bench</c>.</summary>
    public required string Brand { get; init; }

    public required string Headline { get; init; }

    /// <summary>Why the page's figures do not hold, above all else; empty where they do.</summary>
    public IReadOnlyList<string> Banner { get; init; } = [];

    /// <summary>What a reader of the figures should know first.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Lines under the headline.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>The figures that matter, large.</summary>
    public required IReadOnlyList<PageFigure> Figures { get; init; }

    public required IReadOnlyList<ReportPicture> Pictures { get; init; }

    public required IReadOnlyList<PageTable> Tables { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    public required string Version { get; init; }
}

/// <summary>A number and what it is.</summary>
public sealed record PageFigure(string Number, string Text);

/// <summary>
/// A table under its title; a cell that begins with &lt; is text and stands left, one that begins with &gt;
/// stands right. Whatever comes from outside stands behind one of the two.
/// </summary>
public sealed record PageTable(string Title, string[] Headers, IReadOnlyList<string[]> Rows);
