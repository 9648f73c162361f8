using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

public sealed class SecurityTests
{
    /// <summary>Lines that the model has at least: fewer are a promise taken back.</summary>
    const int FewestLines = 41;

    [Fact]
    public void Every_line_of_the_security_model_has_a_test_that_exists()
    {
        var sources = Directory.EnumerateFiles(Repository.File("tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .ToLookup(Path.GetFileNameWithoutExtension);
        var lines = File.ReadLines(Repository.File("SECURITY.md"))
            .Where(line => line.StartsWith("| ") && !line.StartsWith("| line")).ToList();
        lines.Count.ShouldBeGreaterThanOrEqualTo(FewestLines);
        lines.Select(line => line.Split('|')[1]).Distinct().Count().ShouldBe(lines.Count);
        foreach (var line in lines)
        {
            var named = Regex.Match(line, @"`(\w+)(?:\.(\w+))?` \|$");
            named.Success.ShouldBeTrue(line);
            var file = sources[named.Groups[1].Value].SingleOrDefault();
            file.ShouldNotBeNull(line);
            var text = File.ReadAllText(file);
            var method = named.Groups[2].Success ? named.Groups[2].Value : @"\w+";
            Regex.IsMatch(text, $@"\[(Fact|Theory)[^\0]*?public (async )?(void|Task) {method}\(")
                .ShouldBeTrue(line);
        }
    }
}
