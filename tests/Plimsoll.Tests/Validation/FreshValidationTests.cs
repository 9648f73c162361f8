using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Plimsoll.Planning.Validation;
using Plimsoll.Tests.House;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

/// <summary>
/// Holds the predictions against those of the checked-in validation: a part of the shared measurements is
/// predicted here (<see cref="SampledData"/>), all of them by <c>make validation</c>.
/// </summary>
public sealed class FreshValidationTests
{
    /// <summary>No median may worsen by more than a tenth; what rounds to nothing may double.</summary>
    const double Worse = 1.1;
    const double Nothing = 0.05;

    static readonly string SampledMedians =
        Repository.File("tests", "Plimsoll.Tests", "Validation", "sampled-medians.tsv");

    static string Data => Path.GetFullPath(Repository.File("..", "shared", "data"));

    static string Checked(string name) => File.ReadAllText(Repository.File("docs", name));

    [Fact]
    public void No_median_is_worse_than_the_checked_in_one_by_more_than_a_tenth()
    {
        Assert.SkipUnless(Directory.Exists(Data), $"{Data} is not here, so the validation cannot be run");
        var reached = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var folder = Directory.CreateTempSubdirectory("plimsoll-sampled-").FullName;
        try
        {
            SampledData.Write(Data, folder);
            foreach (var set in ValidationSets.All)
            {
                foreach (var row in ValidationReport.Run(folder, set.Name, _ => { }).Sets[0].Rows)
                    reached.Add($"{set.Name}\t{row.Split}\t{row.Figure}", row.MedianPercent);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is not null)
        {
            File.WriteAllLines(SampledMedians, reached.Select(
                row => string.Create(CultureInfo.InvariantCulture, $"{row.Key}\t{row.Value:0.000}")));
        }

        var promised = File.ReadLines(SampledMedians).Select(line => line.Split('\t')).ToDictionary(
            cells => string.Join('\t', cells[..3]),
            cells => double.Parse(cells[3], CultureInfo.InvariantCulture));
        reached.Keys.ShouldBe(
            promised.Keys, ignoreOrder: true, $"{SampledMedians} is stale: run `make validation`");
        foreach (var (row, median) in reached)
            median.ShouldBeLessThanOrEqualTo(promised[row] * Worse + Nothing, $"{row}: it got worse");
        var shown = ValidationJson.Medians(Checked("validation.json")).Keys
            .Select(row => $"{row.Set}\t{row.Split}\t{row.Figure}");
        reached.Keys.ShouldBeSubsetOf(shown, "docs/validation.json is stale: run `make validation`");
    }

    [Fact]
    public void The_page_shows_the_checked_in_rows_and_its_pictures_exist()
    {
        var page = Checked("validation.md");
        foreach (var ((_, split, figure), median) in ValidationJson.Medians(Checked("validation.json")))
        {
            var start = $"| {split} | {figure} | ";
            var shown = FormattableString.Invariant($"| {median:0.0} | ");
            page.Split('\n').ShouldContain(
                line => line.StartsWith(start) && line.Contains(shown),
                $"docs/validation.md lacks {split}, {figure}: run `make validation`");
        }
        foreach (Match picture in Regex.Matches(page, @"\(images/(?<file>[^)]+)\)"))
        {
            File.Exists(Repository.File("docs", "images", picture.Groups["file"].Value))
                .ShouldBeTrue(picture.Value);
        }
    }
}
