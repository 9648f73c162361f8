using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

public sealed class ProjectArrowTests
{
    /// <summary>What a project may reference. A project that is not here has no place in the house.</summary>
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Plimsoll.Core"] = [],
        ["Plimsoll.Inputs"] = ["Plimsoll.Core"],
        ["Plimsoll.Reports"] = ["Plimsoll.Core"],
        ["Plimsoll.Planning"] = ["Plimsoll.Core", "Plimsoll.Inputs", "Plimsoll.Reports"],
        ["Plimsoll.Engine"] = ["Plimsoll.Core", "Plimsoll.Inputs"],
        ["Plimsoll.Server"] =
            ["Plimsoll.Core", "Plimsoll.Inputs", "Plimsoll.Reports", "Plimsoll.Engine", "Plimsoll.Tuning"],
        ["Plimsoll.Bench"] = ["Plimsoll.Core", "Plimsoll.Inputs", "Plimsoll.Reports"],
        ["Plimsoll.Tuning"] = ["Plimsoll.Core", "Plimsoll.Inputs"],
        ["Plimsoll.Tuning.Trainer"] = ["Plimsoll.Tuning"],
        ["Plimsoll.Cli"] =
        [
            "Plimsoll.Core", "Plimsoll.Inputs", "Plimsoll.Reports", "Plimsoll.Planning", "Plimsoll.Engine",
            "Plimsoll.Server", "Plimsoll.Bench", "Plimsoll.Tuning",
        ],
    };

    [Fact]
    public void References_point_down()
    {
        var projects = Repository.Sources("src", "*.csproj").ToList();
        projects.ShouldNotBeEmpty();
        foreach (var project in projects)
        {
            var name = Path.GetFileNameWithoutExtension(project);
            Allowed.ShouldContainKey(name);
            var references = XDocument.Load(Repository.File(project)).Descendants("ProjectReference")
                .Select(
                    r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
            references.ShouldBeSubsetOf(Allowed[name], name);
        }
    }

    /// <summary>
    /// Folders of one project use each other in one direction only. A folder and those inside it are one
    /// family and may know each other; two families may not.
    /// </summary>
    [Fact]
    public void Folders_of_a_project_form_no_cycle()
    {
        foreach (var project in Repository.Sources("src", "*.csproj"))
        {
            var name = Path.GetFileNameWithoutExtension(project);
            var arrows = FolderArrows(Path.GetDirectoryName(project)!.Replace('\\', '/'), name);
            var cycle = Cycle(arrows);
            cycle.ShouldBeNull($"{name}: {cycle}");
        }
    }

    static Dictionary<string, HashSet<string>> FolderArrows(string folder, string project)
    {
        var arrows = new Dictionary<string, HashSet<string>>();
        foreach (var file in Repository.Sources(folder, "*.cs"))
        {
            var parts = file[(folder.Length + 1)..].Split('/');
            if (parts.Length < 2)
                continue;
            foreach (Match use in Regex.Matches(
                File.ReadAllText(Repository.File(file)), $@"^using {Regex.Escape(project)}\.(\w+)",
                RegexOptions.Multiline))
            {
                if (!arrows.TryGetValue(parts[0], out var to))
                    arrows[parts[0]] = to = [];
                if (use.Groups[1].Value != parts[0])
                    to.Add(use.Groups[1].Value);
            }
        }
        return arrows;
    }

    static string? Cycle(Dictionary<string, HashSet<string>> arrows)
    {
        var done = new HashSet<string>();
        var path = new List<string>();
        return arrows.Keys.Order().Select(Visit).FirstOrDefault(found => found is not null);

        string? Visit(string folder)
        {
            if (path.Contains(folder))
                return string.Join(" -> ", path.SkipWhile(f => f != folder).Append(folder));
            if (!done.Add(folder))
                return null;
            path.Add(folder);
            var found =
                arrows.GetValueOrDefault(folder, []).Order().Select(Visit).FirstOrDefault(f => f is not null);
            path.RemoveAt(path.Count - 1);
            return found;
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
        foreach (var package in XDocument.Load(Repository.File("Directory.Packages.props"))
            .Descendants("PackageVersion"))
        {
            package.Attribute("Version")!.Value.ShouldMatch(@"^\[[0-9][0-9A-Za-z.\-]*\]$");
        }
    }
}
