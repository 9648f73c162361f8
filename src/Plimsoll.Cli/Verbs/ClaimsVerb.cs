using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Claims;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll claims</c>: what is said about serving costs, recomputed.</summary>
sealed class ClaimsVerb(TextWriter output, TextWriter story)
{
    readonly Option<string> _model = new("--model")
    {
        Description = "The large model",
        DefaultValueFactory = _ => Usual.Model,
    };

    readonly Option<string> _gpu = new("--gpu")
    {
        Description = "The card of today",
        DefaultValueFactory = _ => Usual.Accelerator,
    };

    readonly Option<string?> _date = new("--date")
    {
        Description = "Prices as of then, yyyy-MM-dd [default: the latest]",
    };

    readonly Option<FileInfo?> _report = new("--report")
    {
        Description = "Write a self-contained HTML page here",
    };

    readonly Option<bool> _markdown = new("--markdown") { Description = "Print the page of docs/claims.md" };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command = new Command("claims", "What is said about serving costs, recomputed with its sources.")
        {
            _model, _gpu, _date, _report, _markdown, _json,
        };
        _model.Suggest(Suggestions.Models);
        _gpu.Suggest(Suggestions.Accelerators);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var date = parsed.GetValue(_date);
        if (date is not null && !System.DateOnly.TryParseExact(
            date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
        {
            throw new BadInputException($"--date {date}: expected yyyy-MM-dd such as 2026-03-01");
        }
        if (date is not null)
            EraCatalogue.Day(date);
        if (parsed.GetValue(_report) is { } page)
            WholeFile.Check(page.FullName);
        var catalogue = Catalogue.BuiltIn;
        using var progress = new ProgressLine(story, "recomputing", ProgressLine.Whole);
        var claims = ClaimsBook.Of(
            catalogue.FindModel(parsed.GetValue(_model)!), catalogue.FindModel(Usual.SmallModel),
            catalogue.FindAccelerator(parsed.GetValue(_gpu)!), date, WorkloadFamily.Find(Usual.Workload),
            [PromiseText.Parse("ttft p95 500ms"), PromiseText.Parse("tpot p95 50ms")], progress.ReportShare);
        progress.Clear();
        if (parsed.GetValue(_report) is { } file)
            WholeFile.Write(file.FullName, text => Page.Write(PageOf(claims), text));
        output.Write(parsed.GetValue(_json) ? ClaimsBook.Json(claims)
            : parsed.GetValue(_markdown) ? ClaimsText.Markdown(claims) : ClaimsText.Of(claims));
        return CommandLine.Done;
    }

    static PageModel PageOf(ClaimsDocument claims) => new()
    {
        Brand = "plimsoll claims",
        Headline = "Sixteen claims about serving costs, tried on "
            + $"{claims.Ground.Model} and {claims.Ground.Gpu}",
        Lines = [$"{claims.Ground.Workload}, promised {string.Join(", ", claims.Ground.Promise)}"],
        Figures =
        [
            .. claims.Claims.GroupBy(claim => claim.Verdict).Select(group => new PageFigure(
                group.Count().ToString(CultureInfo.InvariantCulture), group.Key)),
        ],
        Pictures = Pictures(claims),
        Tables =
        [
            new PageTable("Verdicts", ["claim", "<what is said", "<verdict", "<because"],
                [.. claims.Claims.Select(claim => new[]
                {
                    claim.Number.ToString(CultureInfo.InvariantCulture), "<" + claim.Claim, "<"
                        + claim.Verdict,
                    "<" + claim.Because,
                })]),
            .. claims.Claims.Select(claim => new PageTable(
                $"{claim.Number}. {claim.Claim}", ["<figure", "<value", "<basis", "<source"],
                [.. claim.Figures.Select(figure => new[]
                {
                    "<" + figure.Name, "<" + ClaimsText.Amount(figure), "<" + figure.Basis, "<"
                        + figure.Source,
                })])),
        ],
        Notes = ["computed figures are short simulations of one stream; their intervals are the tier's"],
        Version = CommandLine.VersionAndCommit,
    };

    /// <summary>The two cost curves by date, which several of the claims are about.</summary>
    static ReportPicture[] Pictures(ClaimsDocument claims)
    {
        var rows = claims.Claims.First(claim => claim.Number == 11).Figures
            .Where(figure => figure.Unit == "USD/M tokens").ToList();
        var dates = rows.Select(row => row.Name.Split(", ")[^1]).Distinct().ToList();
        var map = MapPicture.Draw(
            "The two cost curves",
            "USD per million tokens by date, card and rent of the time; the lesser of a date is marked",
            dates,
            [
                .. new[] { "interactive", "batch" }.Select(name => (name,
                    (System.Collections.Generic.IReadOnlyList<double?>)
                    [.. dates.Select(date => rows.First(row => row.Name == $"{name}, {date}").Value)])),
            ]);
        return [new ReportPicture("curves", "What a token cost at three dates, interactive and batch.", map)];
    }
}
