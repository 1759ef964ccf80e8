namespace Podvirt.Simulator.Gpu;

/// <summary>When a process started, in the kernel's clock ticks since boot: with the pid, it names a process for good.</summary>
internal static class ProcessStartTime
{
    // Counted after the command's name, which may hold spaces and ends with the last parenthesis: field 3 is the first one there.
    private const int FieldAfterName = 22 - 3;

    /// <returns>Null when no such process runs.</returns>
    public static string? Of(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // A zombie has given its memory back; only its parent has not noticed yet.
            return fields[0] is "Z" or "X" ? null : fields[FieldAfterName];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
