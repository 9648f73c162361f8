using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Microsoft.Data.Sqlite;
using Plimsoll.Core;
using Plimsoll.Reports;
using Plimsoll.Tuning;

namespace Plimsoll.Server.Dashboard;

/// <summary>
/// What <c>plimsoll tune</c> did by hand on this machine, for the live page: read again at most every five
/// seconds, whoever looks.
/// </summary>
sealed class RegistryBoard : IDisposable
{
    static readonly TimeSpan _fresh = TimeSpan.FromSeconds(5);

    readonly TuneWorkspace _workspace;
    readonly Lock _gate = new();
    List<TuneRow> _rows = [];
    DateTimeOffset _read;

    /// <exception cref="BadInputException">There is no registry.</exception>
    public RegistryBoard(string folder, TimeProvider time)
    {
        if (!File.Exists(Path.Combine(folder, "registry.db")))
            throw new BadInputException($"registry {folder}: holds none; expected what plimsoll tune wrote");
        _workspace = new TuneWorkspace(folder, time);
    }

    public PageTable Table()
    {
        lock (_gate)
        {
            var now = _workspace.Time.GetUtcNow();
            if (now - _read > _fresh)
            {
                try
                {
                    _rows = TuneOverview.Of(_workspace);
                    _read = now;
                }
                catch (Exception e) when (e is SqliteException or IOException or BadInputException)
                {
                    // Written to at this moment: the rows of before stand until the next look.
                }
            }
            return new PageTable("Tuning registry", ["<Kind", "<Name", "<State", "<What"],
                [.. _rows.Select(r => new[] { "<" + r.Kind, "<" + r.Name, "<" + r.State, "<" + r.What })]);
        }
    }

    public void Dispose() => _workspace.Dispose();
}
