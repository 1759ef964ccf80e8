namespace Podvirt.Scheduler.Idle;

/// <summary>What a gpu-second is worth, in waiting seconds. Pure.</summary>
internal static class MemoryPrice
{
    /// <summary>
    /// The operator's price, and on top of it what memory is worth to those who wait for some: so many requests wait a second
    /// each second, for want of gpus of which there are so many.
    /// </summary>
    /// <param name="least">The operator's.</param>
    /// <param name="waiting">Requests of models for which there is no memory, and nobody to ask for some.</param>
    /// <param name="gpus">Of the fleet.</param>
    public static double Of(double least, int waiting, int gpus) => gpus > 0 ? least + (waiting / (double)gpus) : least;
}
