using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class ReadmeTests
{
    /// <summary>
    /// The output and the picture in the README are what the first command prints and draws today: the
    /// same words, and numbers within 2 %, since mathematics libraries differ in their last bit from
    /// machine to machine.
    /// </summary>
    [Fact]
    public void The_output_and_the_picture_are_real()
    {
        const string End = "times a batch token.";
        using var folder = new TemporaryFolder();
        var output = PlimsollProcess.Run("account", "--plots", folder.File("plots")).Output;
        var readme = File.ReadAllText(Document("README.md"));
        var start = readme.IndexOf(output[..output.IndexOf('\n')], StringComparison.Ordinal);
        start.ShouldBePositive("the README shows the statement of the default account");
        Compare(
            Words(readme[start..(readme.IndexOf(End, StringComparison.Ordinal) + End.Length)]),
            Words(output[..(output.IndexOf(End, StringComparison.Ordinal) + End.Length)]));
        Compare(
            Labels(File.ReadAllText(Document("docs", "images", "waterfall.svg"))),
            Labels(File.ReadAllText(Path.Combine(folder.File("plots"), "waterfall.svg"))));
    }

    static void Compare(string[] shown, string[] real)
    {
        shown.Length.ShouldBe(real.Length);
        for (var i = 0; i < real.Length; i++)
        {
            if (Number(real[i]) is { } number)
            {
                Number(shown[i]).GetValueOrDefault(double.NaN)
                    .ShouldBe(number, 0.02 * Math.Abs(number) + 0.01);
            }
            else
            {
                shown[i].ShouldBe(real[i]);
            }
        }
    }

    static double? Number(string word) => double.TryParse(
        word.Replace("$", "").Replace('−', '-'), NumberStyles.Float | NumberStyles.AllowThousands,
        CultureInfo.InvariantCulture, out var number) ? number : null;

    static string[] Words(string text) =>
        [.. text.Split([' ', '\n', '█', '(', ')', '–'], StringSplitOptions.RemoveEmptyEntries)];

    static string[] Labels(string svg) =>
        [.. Regex.Matches(svg, "<text[^>]*>([^<]*)").SelectMany(m => Words(m.Groups[1].Value))];

    static string Document(params string[] parts) => Path.Combine([Root(), .. parts]);

    static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
