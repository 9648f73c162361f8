namespace Plimsoll.Mutants;

/// <summary>A folder of rules, and the tests that answer for it.</summary>
/// <param name="Project">Where the folder is.</param>
/// <param name="Folder">Its name in the project.</param>
/// <param name="Own">Namespaces of tests that every mutant meets first.</param>
/// <param name="Wider">Those that a mutant meets too which its own tests let pass.</param>
sealed record Area(string Project, string Folder, string[] Own, string[] Wider)
{
    public static readonly Area[] All =
    [
        new("Plimsoll.Core", "Scheduling", ["Scheduling"], ["Simulation", "Backfill", "Server.Twins"]),
        new("Plimsoll.Core", "Costing", ["Costing"], ["Accounts", "Server"]),
        new("Plimsoll.Core", "Measures", ["Measures"], ["Simulation", "Search"]),
        new("Plimsoll.Planning", "Accounts", ["Accounts"], ["Search", "Backfill"]),
    ];
}
