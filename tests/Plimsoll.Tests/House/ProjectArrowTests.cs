using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

public sealed class ProjectArrowTests
{
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Plimsoll.Core"] = [],
        ["Plimsoll.Planning"] = ["Plimsoll.Core"],
        ["Plimsoll.Engine"] = ["Plimsoll.Core"],
        ["Plimsoll.Cli"] = ["Plimsoll.Core", "Plimsoll.Planning"],
    };

    [Fact]
    public void References_point_down()
    {
        var projects = Repository.Sources("src", "*.csproj").ToList();
        projects.Count.ShouldBe(Allowed.Count);
        foreach (var project in projects)
        {
            var name = Path.GetFileNameWithoutExtension(project);
            var references = XDocument.Load(Repository.File(project)).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
            references.ShouldBeSubsetOf(Allowed[name], name);
        }
    }

    [Fact]
    public void Core_uses_no_package_but_its_analyzer()
    {
        var packages = XDocument.Load(Repository.File("src", "Plimsoll.Core", "Plimsoll.Core.csproj"))
            .Descendants("PackageReference").Select(p => p.Attribute("Include")!.Value);
        packages.ShouldBe(["Microsoft.CodeAnalysis.BannedApiAnalyzers"]);
    }

    [Fact]
    public void Every_version_is_pinned_exactly()
    {
        foreach (var package in XDocument.Load(Repository.File("Directory.Packages.props")).Descendants("PackageVersion"))
            package.Attribute("Version")!.Value.ShouldMatch(@"^\[[0-9][0-9A-Za-z.\-]*\]$");
    }
}
