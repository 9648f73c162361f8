using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

/// <summary>Rules of the house that no compiler keeps.</summary>
public sealed class TidyTests
{
    const int MostLines = 400;
    const int MostColumns = 130;

    static IEnumerable<string> Code => Repository.Sources("src", "*.cs")
        .Concat(Repository.Sources("tests", "*.cs")).Concat(Repository.Sources("tools", "*.cs"))
        .Concat(Repository.Sources("benchmarks", "*.cs"));

    [Fact]
    public void Files_are_short() =>
        Code.Where(file => File.ReadLines(Repository.File(file)).Count() > MostLines).ShouldBeEmpty();

    [Fact]
    public void Namespace_is_folder()
    {
        foreach (var file in Repository.Sources("src", "*.cs"))
        {
            var declared = File.ReadLines(Repository.File(file)).FirstOrDefault(l => l.StartsWith("namespace "));
            if (declared is null)
                continue;
            var expected = Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.');
            declared.ShouldBe($"namespace {expected};", file);
        }
    }

    [Fact]
    public void No_folder_is_a_drawer()
    {
        var drawers = new[] { "Common", "Shared", "Utils", "Helpers", "Abstractions", "Infrastructure" };
        Code.Where(file => file.Split('/').Any(part => drawers.Contains(part))).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_left_unfinished()
    {
        var words = new[] { "TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception", "#reg" + "ion" };
        foreach (var file in Code)
        {
            var text = File.ReadAllText(Repository.File(file));
            foreach (var word in words)
                text.ShouldNotContain(word, Case.Sensitive, file);
        }
    }

    [Fact]
    public void Lines_fit()
    {
        foreach (var file in Repository.Sources("src", "*.cs"))
        {
            var number = 0;
            foreach (var line in File.ReadLines(Repository.File(file)))
            {
                number++;
                (line.Length <= MostColumns || line.Contains('"')).ShouldBeTrue($"{file}:{number} has {line.Length} columns");
            }
        }
    }

    [Fact]
    public void Every_test_named_by_the_architecture_exists()
    {
        var text = File.ReadAllText(Repository.File("ARCHITECTURE.md"));
        foreach (Match match in Regex.Matches(text, "`(?<folder>[A-Z][A-Za-z]+)/(?<test>[A-Za-z0-9]+(Laws|Tests))`"))
        {
            var path = Repository.File("tests", "Plimsoll.Tests", match.Groups["folder"].Value, match.Groups["test"].Value + ".cs");
            File.Exists(path).ShouldBeTrue(path);
        }
    }
}
