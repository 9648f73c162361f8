using System;
using System.Linq;

namespace Plimsoll.Mutants;

/// <summary>Where faults are planted, and the tests that answer for it.</summary>
/// <param name="Project">Where they are.</param>
/// <param name="Name">Of a folder, or of a list of faults.</param>
/// <param name="Planting">What is planted.</param>
/// <param name="Tests">Namespaces of tests; of their classes a mutant meets those that come by it.</param>
sealed record Area(string Project, string Name, Planting Planting, string[] Tests)
{
    /// <summary>The folders whose rules money and promises rest on.</summary>
    public static readonly Area[] Folders =
    [
        Folder("Plimsoll.Core", "Scheduling", ["Scheduling", "Simulation", "Server.Twins"]),
        Folder("Plimsoll.Core", "Costing", ["Costing", "Accounts"]),
        Folder("Plimsoll.Core", "Measures", ["Measures", "Simulation"]),
        Folder("Plimsoll.Planning", "Accounts", ["Accounts"]),
    ];

    /// <summary>The faults that have names. None of these tests compares with a golden.</summary>
    public static readonly Area[] Named =
    [
        new("Plimsoll.Core", "named", NamedFault.Planting, ["Costing", "Measures", "Scheduling", "Timing"]),
        new("Plimsoll.Planning", "named", NamedFault.Planting, ["Accounts", "Search", "Simulation"]),
    ];

    /// <summary>Whether a class of tests answers here: a golden alone is no reason why.</summary>
    public bool Asks(string testClass) =>
        !Named.Contains(this) || !testClass.EndsWith("Goldens", StringComparison.Ordinal);

    static Area Folder(string project, string folder, string[] tests) =>
        new(project, folder, MutantPlanter.Of(folder), tests);
}
