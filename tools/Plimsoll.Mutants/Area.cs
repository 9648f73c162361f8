namespace Plimsoll.Mutants;

/// <summary>A folder of rules, and the tests that answer for it.</summary>
/// <param name="Project">Where the folder is.</param>
/// <param name="Folder">Its name in the project.</param>
/// <param name="Tests">Namespaces of tests; of their classes a mutant meets those that come by it.</param>
sealed record Area(string Project, string Folder, string[] Tests)
{
    public static readonly Area[] All =
    [
        new("Plimsoll.Core", "Scheduling", ["Scheduling", "Simulation", "Server.Twins"]),
        new("Plimsoll.Core", "Costing", ["Costing", "Accounts"]),
        new("Plimsoll.Core", "Measures", ["Measures", "Simulation"]),
        new("Plimsoll.Planning", "Accounts", ["Accounts"]),
    ];
}
