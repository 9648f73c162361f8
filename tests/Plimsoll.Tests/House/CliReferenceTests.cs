using System;
using System.IO;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

public sealed class CliReferenceTests
{
    /// <summary>
    /// With PLIMSOLL_WRITE_DOCS set the file is written instead of compared: <c>make docs</c>.
    /// </summary>
    [Fact]
    public void The_reference_is_fresh()
    {
        var file = Repository.File("docs", "reference", "cli.md");
        var fresh = CliReference.Of(CommandLine.Root(TextWriter.Null, TextWriter.Null));
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(file, fresh);
        File.ReadAllText(file).ShouldBe(fresh, "docs/reference/cli.md is stale: run `make docs`");
    }
}
