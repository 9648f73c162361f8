using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>Tenants of a batch workload: from a log's column to the tokens they get.</summary>
public sealed class BatchTenantTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Both always have lines waiting, so that tokens go by weight.</summary>
    [Fact]
    public void Tokens_go_by_weight()
    {
        using var json = JsonDocument.Parse(
            Run(0, "--batch-map", Map, "--tenant-weights", "acme=3", "--json"));
        var tenants = json.RootElement.GetProperty("batch").GetProperty("tenants").EnumerateArray()
            .ToDictionary(tenant => tenant.GetProperty("name").GetString()!,
                tenant => tenant.GetProperty("tokens").GetDouble());
        (tenants["acme"] / tenants["beta"]).ShouldBe(3, 0.6);
    }

    [Theory]
    [InlineData("time=at:s,input=prompt,output=answer", "acme=3", "a log and --batch-map with tenant=COLUMN")]
    [InlineData(Map, "gamma=3", "one of beta, acme")]
    [InlineData(Map, "acme=0", "expected NAME=1 to 1000")]
    [InlineData("time=at:s,input=prompts,output=answer", "acme=3", "prompts")]
    public void What_does_not_fit_is_one_line(string map, string weights, string expected) =>
        Run(2, "--batch-map", map, "--tenant-weights", weights).ShouldContain(expected);

    const string Map = "time=at:s,input=prompt,output=answer,tenant=who";

    string Run(int expected, params string[] more)
    {
        var path = Path.Combine(_folder.FullName, "lines.csv");
        File.WriteAllLines(path, Enumerable.Range(0, 100)
            .Select(i => FormattableString.Invariant($"{i * 0.1:0.0},1000,50,")
                + (i % 2 == 0 ? "beta" : "acme"))
            .Prepend("at,prompt,answer,who"));
        using var output = new StringWriter();
        using var story = new StringWriter();
        CommandLine.Run(["simulate", "--model", "Llama-3.1-8B", "--policy", "slack", "--rate", "10",
            "--requests", "400", "--batch-workload", path, .. more], output, story)
            .ShouldBe(expected, $"{story}");
        return $"{output}{story}";
    }
}
