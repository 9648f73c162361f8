using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Migration;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>The migration report as a page.</summary>
static class MigrationPage
{
    public static PageModel Of(MigrationReport report, IReadOnlyList<GateOutcome> gates,
        IReadOnlyList<string> drafts, string version)
    {
        var facts = report.Facts;
        return new PageModel
        {
            Brand = "plimsoll tune",
            Headline = $"{facts.Task}: from {facts.Current.Model} to {facts.Candidate.Model}",
            Lines =
            [
                $"Promise: {facts.Promise}. Traffic: {facts.Traffic.Source}.",
                $"Prices: {facts.Current.Price}. Step times: tier {facts.Candidate.Tier}.",
            ],
            Warnings = [.. report.Warnings.Select(w => $"Beware: {w}.")],
            Figures = [.. Figures(report)],
            Pictures = [.. Pictures(report)],
            Tables =
            [
                new PageTable("The seven points", ["<", "<"],
                    [.. MigrationText.Points(report).Select(p => new[] { "<" + p.Title, "<" + p.Text })]),
                new PageTable("Gates", ["<gate", "<verdict", "<evidence"],
                    [.. gates.Select(g => new[]
                    {
                        "<" + g.Gate, "<" + g.Verdict.ToString().ToLowerInvariant(), "<" + g.Evidence,
                    })]),
                new PageTable("Upkeep of drafts", ["<as last measured on the release's answers"],
                    [.. drafts.Select(d => new[] { "<" + d })]),
            ],
            Notes =
            [
                "Intervals: of costs 90 %, from the error of the step times; of accuracy 95 % one-sided, "
                    + "paired; of break-even 90 %, by drawing both again. One-off costs are as given.",
                "The cascade draws without looking; a signal of doubt would do better and is not measured.",
            ],
            Version = version,
        };
    }

    static IEnumerable<PageFigure> Figures(MigrationReport report)
    {
        var d = report.Difference;
        yield return new(MigrationText.Rounded(report.BreakEven.Requests),
            $"requests to break even; {MigrationText.Rounded(report.BreakEven.Low)} to "
                + MigrationText.Rounded(report.BreakEven.High));
        yield return new(MigrationText.PerThousand(report.Saved.Usd), "saved per 1,000 requests");
        yield return new(string.Create(CultureInfo.InvariantCulture, $"{100 * d.Point:+0.0;-0.0;0.0}"),
            string.Create(CultureInfo.InvariantCulture,
                $"points of accuracy; {100 * d.Low:+0.0;-0.0;0.0} to {100 * d.High:+0.0;-0.0;0.0}"));
        yield return new(MigrationText.Rounded(report.Consolidation.Adapters), "tasks on one replica's base");
    }

    static IEnumerable<ReportPicture> Pictures(MigrationReport report)
    {
        var facts = report.Facts;
        var reach = 2 * (report.BreakEven.Requests ?? facts.Traffic.RequestsPerHour * 24 * 30);
        // Without a one-off cost there is no place where the lines cross.
        if (reach <= 0)
            reach = facts.Traffic.RequestsPerHour * 24 * 30;
        var moved = facts.Current.Usd - report.Saved.Usd;
        yield return new("break-even", "What has been paid by the n-th request, staying and moving.",
            new CurvesPicture
            {
                Title = "When the migration has paid",
                Subtitle = "USD paid in all, the one-off cost of the migration included",
                Across = "requests",
                Curves =
                [
                    new NamedCurve($"stay on {facts.Current.Model}",
                        [(0, 0), (reach, reach * facts.Current.Usd)]),
                    new NamedCurve($"move to {facts.Candidate.Model}",
                        [(0, facts.OneOff.Total), (reach, facts.OneOff.Total + reach * moved)]),
                ],
                Marks = report.BreakEven.Requests is { } even and > 0
                    ? [(even, $"break-even {MigrationText.Rounded(even)}")] : [],
            }.Draw());
    }
}
