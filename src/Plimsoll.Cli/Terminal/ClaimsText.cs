using System;
using System.Globalization;
using System.Text;
using Plimsoll.Planning.Claims;

namespace Plimsoll.Cli.Terminal;

/// <summary>Claims at a terminal, and as the page <c>docs/claims.md</c>.</summary>
static class ClaimsText
{
    public static string Of(ClaimsDocument document)
    {
        var text = new StringBuilder(Ground(document.Ground)).Append('\n');
        foreach (var claim in document.Claims)
        {
            text.Append('\n');
            TextLines.Wrap(text, $"{claim.Number,2}. ", "    ", $"{claim.Claim} ({claim.Place})");
            TextLines.Wrap(text, "    ", "    ", $"{claim.Verdict}: {claim.Because}");
            foreach (var figure in claim.Figures)
            {
                TextLines.Wrap(text, "      · ", "        ",
                    $"{figure.Name}: {Amount(figure)} [{figure.Source}]");
            }
        }
        return text.ToString();
    }

    /// <summary>The same as Markdown.</summary>
    public static string Markdown(ClaimsDocument document)
    {
        var text = new StringBuilder(
            "# The essay's claims, recomputed\n\nGenerated; `make docs` writes it again. ")
            .Append($"{Ground(document.Ground)} `plimsoll claims` prints it; `--model`, `--gpu` ")
            .Append("and `--date` move the ground.\n\n| # | claim | verdict |\n|---|---|---|\n");
        foreach (var claim in document.Claims)
            text.Append($"| {claim.Number} | {claim.Claim} | {claim.Verdict} |\n");
        foreach (var claim in document.Claims)
        {
            text.Append($"\n## {claim.Number}. {claim.Claim}\n\nPlace: {claim.Place}. **{claim.Verdict}**: ")
                .Append($"{claim.Because}.\n\n| figure | value | basis | source |\n|---|---|---|---|\n");
            foreach (var figure in claim.Figures)
                text.Append($"| {figure.Name} | {Amount(figure)} | {figure.Basis} | {figure.Source} |\n");
        }
        return text.ToString();
    }

    static string Ground(ClaimsGround ground)
    {
        var promise = string.Join(", ", ground.Promise);
        var prices = ground.Date is { } date ? $"of {date}" : "latest";
        return $"{ground.Model}, {ground.SmallModel} beside it, on {ground.Gpu}; {ground.Workload}, "
            + $"promised {promise}; prices {prices}.";
    }

    internal static string Amount(ClaimFigure figure)
    {
        var unit = figure.Unit == "×" ? " ×" : $" {figure.Unit}";
        var range = (figure.Low, figure.High) switch
        {
            ({ } low, { } high) => $"{Number(low)}–{Number(high)}",
            ({ } low, null) => $"≥ {Number(low)}",
            _ => null,
        };
        return figure.Value is { } value
            ? Number(value) + (range is null ? "" : $" ({range})") + unit
            : range is null ? "cannot be had" : range + unit;
    }

    /// <summary>Three digits, which is what these figures know at most.</summary>
    static string Number(double value)
    {
        if (value == 0)
            return "0";
        var digits = Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6);
        return value.ToString("#,0." + new string('#', digits), CultureInfo.InvariantCulture);
    }
}
