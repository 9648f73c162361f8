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
    const int MostColumns = 110;
    const int MostLinesOfAMethod = 60;

    /// <summary>Columns that a line of a comment fills, where its sentence goes on.</summary>
    const int LeastOfAComment = 80;

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
            var declared =
                File.ReadLines(Repository.File(file)).FirstOrDefault(l => l.StartsWith("namespace "));
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
        var words =
            new[] { "TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception", "#reg" + "ion" };
        foreach (var file in Code)
        {
            var text = File.ReadAllText(Repository.File(file));
            foreach (var word in words)
                text.ShouldNotContain(word, Case.Sensitive, file);
        }
    }

    /// <summary>What a raw literal quotes, and a regular expression, keep the lines they have.</summary>
    [Fact]
    public void Lines_fit()
    {
        var wide = new List<string>();
        foreach (var file in Code)
        {
            var quoted = false;
            var number = 0;
            foreach (var line in File.ReadLines(Repository.File(file)))
            {
                number++;
                var quotes = Regex.Count(line, "\"{3,}");
                if (line.Length > MostColumns && !quoted && quotes == 0 && !line.Contains("@\""))
                {
                    wide.Add($"{file}:{number} has {line.Length} columns");
                }
                quoted ^= quotes % 2 == 1;
            }
        }
        wide.ShouldBeEmpty();
    }

    /// <summary>A sentence is wrapped as a person would: no scrap of a string has a line to itself.</summary>
    [Fact]
    public void Sentences_are_not_torn()
    {
        var scraps = new List<string>();
        foreach (var file in Repository.Sources("src", "*.cs"))
        {
            var number = 0;
            foreach (var line in File.ReadLines(Repository.File(file)))
            {
                number++;
                if (Regex.IsMatch(line, @"^\s+\+ \$?""[^""{]*[a-z][^""{]*""[;,)]*$")
                    && line.Trim().Length < 15 + 6)
                {
                    scraps.Add($"{file}:{number}{line}");
                }
            }
        }
        scraps.ShouldBeEmpty();
    }

    /// <summary>Nor has a single word of a sentence in a comment.</summary>
    [Fact]
    public void Comments_are_not_torn()
    {
        var scraps = new List<string>();
        foreach (var file in Repository.Sources("src", "*.cs"))
        {
            var lines = File.ReadAllLines(Repository.File(file));
            for (var i = 1; i + 1 < lines.Length; i++)
            {
                // A lone word between two lines of the same comment, or a line that ends long before the next
                // word would not have fitted.
                var isTorn = Regex.IsMatch(lines[i], @"^\s*/// [a-z]+,?$")
                    && Regex.IsMatch(lines[i - 1], @"/// \w") && Regex.IsMatch(lines[i + 1], @"/// \w");
                var isShort = Regex.IsMatch(lines[i], @"^\s*/// [^<]+$")
                    && Regex.Match(lines[i + 1], @"^\s*/// (\w\S*)( |$)") is { Success: true } next
                    && lines[i].Length + 1 + next.Groups[1].Length < LeastOfAComment;
                if (isTorn || isShort)
                    scraps.Add($"{file}:{i + 1}{lines[i]}");
            }
        }
        scraps.ShouldBeEmpty();
    }

    [Fact]
    public void Methods_are_short() =>
        Code.SelectMany(MethodLengths.Of).Where(method => method.Lines > MostLinesOfAMethod).ShouldBeEmpty();

    [Fact]
    public void The_length_of_a_method_is_from_its_name_to_its_last_brace()
    {
        string[] file =
        [
            "namespace N;", "", "public sealed class C(int a,", "    int b)", "{",
            "    void First(", "        int x)", "    {", "        if (x > 0)", "        {", "        }",
            "    }",
            "", "    sealed record Inner", "    {", "        int Second()", "        {",
            "            return 1;",
            "        }", "    }", "}",
            "sealed class D(", "    int a", ") : C", "{",
            "    int Third(", "        int x", "    )", "    {", "        return x;", "    }", "}",
        ];

        MethodLengths.Of("C.cs", file)
            .ShouldBe([new("C.cs:6", 7), new("C.cs:16", 4), new("C.cs:26", 6)]);
    }

    [Fact]
    public void Every_test_named_by_the_architecture_exists()
    {
        var text = File.ReadAllText(Repository.File("ARCHITECTURE.md"));
        foreach (Match match in Regex.Matches(
            text, "`(?<folder>[A-Z][A-Za-z]+)/(?<test>[A-Za-z0-9]+(Laws|Tests))`"))
        {
            var path = Repository.File(
                "tests", "Plimsoll.Tests", match.Groups["folder"].Value, match.Groups["test"].Value + ".cs");
            File.Exists(path).ShouldBeTrue(path);
        }
    }

    /// <summary>A name without a project in the first column is in that of the name before.</summary>
    [Fact]
    public void Every_folder_of_the_architecture_exists()
    {
        var rows = File.ReadLines(Repository.File("ARCHITECTURE.md"))
            .SkipWhile(line => line != "| folder | one idea |").Skip(2)
            .TakeWhile(line => line.StartsWith('|')).ToList();
        rows.ShouldNotBeEmpty();
        foreach (var row in rows)
        {
            var parent = "";
            foreach (Match name in Regex.Matches(row.Split('|')[1], "`([A-Za-z./]+)`"))
            {
                var named = name.Groups[1].Value;
                if (named.Contains('/') || parent.Length == 0)
                    parent = named.Split('/')[0];
                else
                    named = $"{parent}/{named}";
                var path = named.StartsWith("tools/") ? named : $"src/Plimsoll.{named}";
                Directory.Exists(Repository.File(path)).ShouldBeTrue($"{named}, in: {row}");
            }
        }
    }
}
