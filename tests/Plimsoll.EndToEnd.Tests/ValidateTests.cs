using System.Text.Json;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class ValidateTests
{
    [Fact]
    public void Without_any_data_theory_is_checked_and_what_is_missing_is_named()
    {
        using var folder = new TemporaryFolder();
        var result = PlimsollProcess.Run("validate", "--data", folder.Path);
        result.ExitCode.ShouldBe(0, result.Story);
        result.Story.ShouldBeEmpty();
        foreach (var shown in new[] { "M/D/1 mean wait", "M/G/1 mean wait", "Erlang C", "bandwidth bound",
            "std error" })
        {
            result.Output.ShouldContain(shown);
        }

        result.Output.ShouldContain(
            "inferencemax-dense: not run, the data folder has no measured/inferencemax-points.csv.gz");
    }

    [Fact]
    public void One_set_prints_its_rows_and_its_worst_points_and_json_holds_every_point()
    {
        var text = PlimsollProcess.Run("validate", "--set", "kv-capacity", "--points", "2");
        text.ExitCode.ShouldBe(0, text.Story);
        text.Output.ShouldContain("held out");
        text.Output.ShouldContain("worst of engines the constants were not fitted to");
        var json = PlimsollProcess.Run("validate", "--set", "kv-capacity", "--json");
        using var document = JsonDocument.Parse(json.Output);
        var set = document.RootElement.GetProperty("sets")[0];
        var points = 0;
        foreach (var row in set.GetProperty("rows").EnumerateArray())
            points += row.GetProperty("points").GetInt32();
        set.GetProperty("points").GetArrayLength().ShouldBe(points);
    }
}
