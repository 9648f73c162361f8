using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Text;
using Plimsoll.Cli.Terminal;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>What is made of a run's result, whatever became of the run: files, page, text or JSON.</summary>
sealed class BenchOutput(TextWriter output, BenchResultFiles files, MoneyOptions? money, string? account)
{
    public BenchResultFiles Files => files;

    /// <summary>Null where no accelerator was named.</summary>
    public MoneyReport? BillOf(BenchResult result) => money is null ? null : Bill.Of(result, money);

    public void Print(BenchResult result, DetailSpool? detail)
    {
        var bill = BillOf(result);
        var against = account is null ? null : AccountComparison.Read(account, result, bill);
        files.Save(result, detail, json => MoneyJson.Write(json, bill, against));
        if (files.Report is { } page)
        {
            WholeFile.Write(page, writer =>
                Page.Write(BenchPage.Of(result, bill, against, CommandLine.Version), writer));
        }
        if (files.Json)
        {
            output.Write(VllmJson.Text(result, json => MoneyJson.Write(json, bill, against)));
            return;
        }
        // The one line on stderr says it all of an endpoint that could not be measured.
        if (result.Refused is null)
            output.Write(Text(result, bill, against));
    }

    public void Print(IReadOnlyList<SweepPoint> points)
    {
        if (files.Report is { } page)
            WholeFile.Write(page, writer => Page.Write(SweepPage.Of(points, CommandLine.Version), writer));
        if (files.Result is { } path)
            WholeFile.Write(path, SweepPage.Json(points));
        if (files.Json)
        {
            output.Write(SweepPage.Json(points));
            return;
        }
        if (points.All(point => point.Result.Refused is not null))
            return;
        var table = new TextTable(SweepPage.Headers);
        foreach (var point in points)
            table.Add([.. SweepPage.Row(point).Select(cell => cell.TrimStart('<'))]);
        var text = new StringBuilder(table.ToString());
        foreach (var line in SweepPage.Told(points, Failures))
            TextLines.Wrap(text, "failed  ", "        ", line);
        foreach (var line in SweepPage.Told(points, result => result.InvalidBecause))
            TextLines.Wrap(text, "INVALID ", "        ", line);
        foreach (var line in SweepPage.Told(points, result => result.Warnings))
            TextLines.Wrap(text, "WARNING ", "        ", line);
        output.Write(text);
    }

    static IReadOnlyList<string> Failures(BenchResult result) =>
        [.. result.Levels.SelectMany(level => level.Failures)
            .Select(failure => FormattableString.Invariant(
                $"{failure.Count:N0} {failure.Kind}: {failure.Example}"))];

    string Text(BenchResult result, MoneyReport? bill, AccountComparison? against)
    {
        var text = new StringBuilder(BenchText.Of(result, files.Metrics));
        if (result.LoadLine is { } line)
            text.Append(MoneyText.Of(line, result, bill));
        if (bill is not null)
            text.Append(MoneyText.Of(bill, result.LoadLine is not null));
        if (against is not null)
            text.Append(MoneyText.Of(against));
        return text.ToString();
    }
}
