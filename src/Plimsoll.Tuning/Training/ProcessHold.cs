using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// Makes a process preemptible: it is stopped where it stands while more urgent work runs, and goes on at the
/// same instruction. Traffic that never pauses does not starve it: it gets a short turn now and then.
/// </summary>
sealed class ProcessHold(Process process, Func<bool> mustYield, Action<bool> held)
{
    static readonly TimeSpan _look = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan _longest = TimeSpan.FromSeconds(10);
    static readonly TimeSpan _turn = TimeSpan.FromMilliseconds(500);

    static readonly int _stop = OperatingSystem.IsMacOS() ? 17 : 19;
    static readonly int _continue = OperatingSystem.IsMacOS() ? 19 : 18;

    bool _isHeld;
    bool _inTurn;

    public async Task WatchAsync(CancellationToken ended)
    {
        // Windows has no signal for it; there the trainer runs beside the traffic.
        if (OperatingSystem.IsWindows())
            return;
        var since = Stopwatch.StartNew();
        try
        {
            using var timer = new PeriodicTimer(_look);
            while (await timer.WaitForNextTickAsync(ended).ConfigureAwait(false))
            {
                if (_isHeld && since.Elapsed > _longest)
                    _inTurn = true;
                else if (!_isHeld && since.Elapsed > _turn)
                    _inTurn = false;
                var hold = !_inTurn && mustYield();
                if (hold == _isHeld)
                    continue;
                Signal(hold);
                since.Restart();
            }
        }
        catch (OperationCanceledException)
        {
            // Its output has ended, and so has it.
        }
        finally
        {
            if (_isHeld)
                Signal(hold: false);
        }
    }

    void Signal(bool hold)
    {
        if (!process.HasExited)
            Kill(process.Id, hold ? _stop : _continue);
        _isHeld = hold;
        held(hold);
    }

    [DllImport("libc", EntryPoint = "kill")]
    static extern int Kill(int process, int signal);
}
