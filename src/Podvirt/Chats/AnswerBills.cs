using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Chats;

/// <summary>Looks a usage record up; see <see cref="ILedger.FindAsync"/>.</summary>
internal delegate ValueTask<RatedRecord?> FindRecord(Guid id, CancellationToken cancellationToken);

/// <summary>What answers cost, as the ledger has it.</summary>
internal sealed class AnswerBills(FindRecord find, TimeProvider time)
{
    /// <summary>A record is on the ledger within milliseconds; with a slow disk or after a burst it takes longer.</summary>
    private static readonly TimeSpan _waitMax = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _pauseMax = TimeSpan.FromMilliseconds(320);

    /// <summary>Null: it is not on the ledger.</summary>
    /// <exception cref="IOException">The ledger cannot be read.</exception>
    public async Task<AnswerBill?> FindAsync(Guid requestId, CancellationToken cancellationToken)
    {
        if (await find(requestId, cancellationToken) is not { } rated)
        {
            return null;
        }
        // What is not believed of an engine is not billed: no tokens stand on the bill then.
        var tokens = rated.Record.Source == UsageSource.Engine ? rated.Record.Tokens : default;
        return new AnswerBill(tokens.Prompt, tokens.Cached, tokens.Completion, tokens.Reasoning, rated.Billed.ToString(), rated.RateVersion);
    }

    /// <summary>Waits for the record; null when it does not come in time.</summary>
    public async Task<AnswerBill?> WaitAsync(Guid requestId)
    {
        var began = time.GetTimestamp();
        for (var pause = _firstPause; ; pause = pause < _pauseMax ? pause * 2 : pause)
        {
            try
            {
                if (await FindAsync(requestId, CancellationToken.None) is { } bill)
                {
                    return bill;
                }
            }
            catch (Exception e) when (e is IOException && time.GetElapsedTime(began) < _waitMax)
            {
                // The ledger may be out of reach for a moment.
                pause = _pauseMax;
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                return null;
            }
            if (time.GetElapsedTime(began) >= _waitMax)
            {
                return null;
            }
            await Task.Delay(pause, time);
        }
    }
}
