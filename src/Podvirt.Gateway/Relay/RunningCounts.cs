using System.Runtime.InteropServices;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Counts that one flow writes for every token and another thread reads now and then. A sequence lock: the writer never
/// waits and allocates nothing, the reader tries again where it met a write.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct RunningCounts
{
    private TokenCounts _tokens;
    private UsageSource _source;

    // Odd while it is being written.
    private int _version;

    /// <summary>The writer's own view.</summary>
    public readonly TokenCounts Tokens => _tokens;

    public readonly UsageSource Source => _source;

    /// <summary>Changes with every write; 0 before the first.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Only by the one flow.</summary>
    public void Write(TokenCounts tokens, UsageSource source)
    {
        Volatile.Write(ref _version, _version + 1);
        Volatile.WriteBarrier();
        _tokens = tokens;
        _source = source;
        Volatile.Write(ref _version, _version + 1);
    }

    /// <summary>By any thread.</summary>
    public (TokenCounts Tokens, UsageSource Source, int Version) Read()
    {
        var spin = default(SpinWait);
        while (true)
        {
            var before = Volatile.Read(ref _version);
            var (tokens, source) = (_tokens, _source);
            Volatile.ReadBarrier();
            if ((before & 1) == 0 && before == _version)
            {
                return (tokens, source, before);
            }
            spin.SpinOnce();
        }
    }
}
