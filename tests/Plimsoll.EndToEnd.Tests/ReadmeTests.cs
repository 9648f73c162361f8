using System;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class ReadmeTests
{
    /// <summary>
    /// The output in the README is what the first command prints today: the same words, and numbers within
    /// 2 %, since mathematics libraries differ in their last bit from machine to machine.
    /// </summary>
    [Fact]
    public void The_output_is_real()
    {
        const string End = "times a batch token.";
        var output = PlimsollProcess.Run("account").Output;
        var readme = File.ReadAllText(Readme());
        var start = readme.IndexOf(output[..output.IndexOf('\n')], StringComparison.Ordinal);
        start.ShouldBePositive("the README shows the statement of the default account");
        var shown = Words(readme[start..(readme.IndexOf(End, StringComparison.Ordinal) + End.Length)]);
        var real = Words(output[..(output.IndexOf(End, StringComparison.Ordinal) + End.Length)]);
        shown.Length.ShouldBe(real.Length);
        for (var i = 0; i < real.Length; i++)
        {
            if (double.TryParse(real[i], NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number))
                double.Parse(shown[i], NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture).ShouldBe(number, 0.02 * Math.Abs(number) + 0.002);
            else
                shown[i].ShouldBe(real[i]);
        }
    }

    static string[] Words(string text) =>
        [.. text.Replace("█", "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];

    static string Readme([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "README.md"));
}
