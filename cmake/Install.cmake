# Filled in by the programs' own folders; here stand the files that belong to no program.
