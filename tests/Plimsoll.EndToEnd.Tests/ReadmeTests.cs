using System.IO;
using System.Runtime.CompilerServices;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class ReadmeTests
{
    /// <summary>The output in the README is what the first command prints today.</summary>
    [Fact]
    public void The_output_is_real()
    {
        var output = PlimsollProcess.Run("account").Output;
        var shown = output[..(output.IndexOf("times a batch token.", System.StringComparison.Ordinal) + "times a batch token.".Length)];
        File.ReadAllText(Readme()).ShouldContain(shown);
    }

    static string Readme([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "README.md"));
}
