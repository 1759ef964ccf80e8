namespace Podvirt.Metering.Ledger;

/// <summary>A ledger whose minute rollups are removed by its feeder.</summary>
internal interface IMinuteRollups
{
    /// <summary>Removes the minutes that ended before the moment. Returns how many rows went.</summary>
    ValueTask<int> RemoveMinutesBeforeAsync(DateTimeOffset moment, CancellationToken cancellationToken = default);
}
