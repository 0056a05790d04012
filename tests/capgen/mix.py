def write_mix(*a): raise NotImplementedError
