namespace Podvirt.Scheduler;

/// <summary>Which of the gpus with enough free memory a replica gets.</summary>
public enum PlacementOrder
{
    /// <summary>The fullest: large holes stay for large models, and whole gpus stay unused.</summary>
    Pack,

    /// <summary>The emptiest: neighbours share less of a gpu's compute.</summary>
    Spread,
}
