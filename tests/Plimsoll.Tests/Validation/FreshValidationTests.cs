using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;
using Plimsoll.Planning.Validation;
using Plimsoll.Tests.House;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

/// <summary>
/// Holds docs/validation.json, and with it the page, against a run on the shared measurements.
/// </summary>
public sealed class FreshValidationTests
{
    /// <summary>No median may worsen by more than a tenth; what rounds to nothing may double.</summary>
    const double Worse = 1.1;
    const double Nothing = 0.05;

    static string Data => Path.GetFullPath(Repository.File("..", "shared", "data"));

    static string Checked(string name) => File.ReadAllText(Repository.File("docs", name));

    [Fact]
    public void No_median_is_worse_than_the_checked_in_one_by_more_than_a_tenth()
    {
        Assert.SkipUnless(Directory.Exists(Data), $"{Data} is not here, so the validation cannot be run");
        var promised = ValidationJson.Medians(Checked("validation.json"));
        var reached = new Dictionary<(string Set, string Split, string Figure), double>();
        foreach (var set in ValidationSets.All)
        {
            foreach (var row in ValidationReport.Run(Data, set.Name, _ => { }).Sets[0].Rows)
                reached.Add((set.Name, row.Split, row.Figure), row.MedianPercent);
        }
        reached.Keys.ShouldBe(
            promised.Keys, ignoreOrder: true, "docs/validation.json is stale: run `make validation`");
        foreach (var (row, median) in reached)
        {
            median.ShouldBeLessThanOrEqualTo(
                promised[row] * Worse + Nothing, $"{row}: the prediction got worse");
        }
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
