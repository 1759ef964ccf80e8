namespace Podvirt.FunctionalTests.Clients.Checks;

/// <summary>What one column of the table says of a row, by trying it.</summary>
internal abstract class Check
{
    public abstract Column Column { get; }

    /// <summary>The cell's text; throws where what was seen is not right.</summary>
    public abstract Task<string> SeeAsync(Row row);

    protected static void Ignore()
    {
        // Nobody waits for the first parts of this call.
    }
}
