namespace Podvirt.Scheduler;

/// <summary>Which of the gpus with enough free memory a replica gets.</summary>
public enum PlacementOrder
{
    /// <summary>
    /// Those where models of like size live, the emptiest of them first; then unused ones; then where others live and
    /// one more has room to sleep; then the fullest. Large holes stay
    /// for large models, and whole gpus stay unused.
    /// </summary>
    Pack,

    /// <summary>The emptiest: neighbours share less of a gpu's compute.</summary>
    Spread,
}
